#include "abpost/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void abp_content_release(struct abp_content *content)
{
    for (size_t i = 0; i < content->media_count; i++) {
        free(content->media[i].path);
        free(content->media[i].alt);
    }
    free(content->path);
    free(content->topic);
    free(content->text);
    free(content->link);
    free(content->lang);
    memset(content, 0, sizeof *content);
}

void abp_content_version(char version[ABP_CONTENT_VERSION_SIZE], const struct abp_content *content)
{
    size_t size = ABP_CONTENT_VERSION_SIZE;
    size_t len = (size_t)snprintf(version, size, "%s", content->digest);
    for (size_t i = 0; i < content->media_count && len < size; i++)
        len += (size_t)snprintf(version + len, size - len, " %zu", content->media[i].size);
}

int abp_content_says_the_same(const char *version, const char *other)
{
    const struct abp_content *content = NULL;
    size_t len = sizeof content->digest - 1;
    return version && other && strncmp(version, other, len) == 0 && strlen(version) >= len;
}
