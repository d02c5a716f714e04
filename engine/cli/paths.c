#include "paths.h"

#include "abpost/buffer.h"
#include "abpost/text.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

char *abp_path_join(const char *folder, const char *name)
{
    struct abp_buffer path;
    size_t len = strlen(folder);
    if (name[0] == '/' || len == 0 || strcmp(folder, ".") == 0)
        return abp_strdup(name);
    abp_buffer_init(&path, SIZE_MAX / 2);
    abp_buffer_add(&path, folder);
    if (folder[len - 1] != '/')
        abp_buffer_byte(&path, '/');
    if (abp_buffer_add(&path, name) != 0)
        abp_buffer_release(&path);
    return path.data;
}

char *abp_path_word(const char *path)
{
    struct abp_buffer word;
    int plain = *path && path[strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                           "0123456789_-./+,:@%=")] == '\0';
    if (plain)
        return abp_strdup(path);
    abp_buffer_init(&word, SIZE_MAX / 2);
    abp_buffer_byte(&word, '\'');
    for (; *path; path++) {
        if (*path == '\'')
            abp_buffer_add(&word, "'\\");
        abp_buffer_byte(&word, *path);
        if (*path == '\'')
            abp_buffer_byte(&word, '\'');
    }
    if (abp_buffer_byte(&word, '\'') != 0)
        abp_buffer_release(&word);
    return word.data;
}

char *abp_path_short(const char *path)
{
    char here[PATH_MAX];
    size_t len = getcwd(here, sizeof here) ? strlen(here) : 0;
    if (len > 1 && strncmp(path, here, len) == 0 && path[len] == '/' && path[len + 1])
        return abp_strdup(path + len + 1);
    return abp_strdup(path);
}
