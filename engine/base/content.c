#include "abpost/content.h"

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
