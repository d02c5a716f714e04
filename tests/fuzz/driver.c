/* Runs a fuzz target over every file of a folder, in the order of their names, so that a corpus is
 * an ordinary test: DRIVER FOLDER. Exit status 0 when every input was read and survived; 1 when the
 * folder or a file of it can't be read, or there is none. */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By bytes: alphasort would ask the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The whole file in memory of exactly its size, so that ASan sees a read beyond it. */
static int run_file(const char *path)
{
    struct stat st;
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    int rc = -1;
    if (!file || fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode))
        goto out;
    size_t size = (size_t)st.st_size;
    data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size)
        goto out;
    rc = LLVMFuzzerTestOneInput(data, size);
out:
    if (rc != 0)
        fprintf(stderr, "%s: can't be read, or was refused\n", path);
    free(data);
    if (file)
        fclose(file);
    return rc;
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    char path[4096];
    int status = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 1;
    }
    int count = scandir(argv[1], &entries, not_hidden, by_name);
    if (count <= 0) {
        fprintf(stderr, "%s: %s\n", argv[1], count == 0 ? "holds no input" : "can't be read");
        if (count == 0)
            free(entries);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        int n = snprintf(path, sizeof path, "%s/%s", argv[1], entries[i]->d_name);
        if (n < 0 || (size_t)n >= sizeof path || run_file(path) != 0)
            status = 1;
        free(entries[i]);
    }
    free(entries);
    printf("%d inputs\n", count);
    return status;
}
