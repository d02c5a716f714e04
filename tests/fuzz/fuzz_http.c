/* The two readers of text that come before and after a request: its address, and the headers of its
 * answer. An address that is accepted is https or names this machine, holds nobody's name, and
 * means to curl what it says to the eye. A header's value is one line of what came, without blanks
 * around it. */
#include "abpost/http.h"
#include "channels/http_url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void must(int condition)
{
    if (!condition)
        abort();
}

/* The text between "://" and the path, without a port. */
static void host_of(char *host, size_t size, const char *text)
{
    const char *start = strstr(text, "://") + 3;
    size_t len = strcspn(start, "/?#");
    must(!memchr(start, '@', len));
    const char *bracket = memchr(start, ']', len);
    const char *port =
        memchr(bracket ? bracket : start, ':', len - (size_t)(bracket ? bracket - start : 0));
    len = port ? (size_t)(port - start) : len;
    must(len > 0);
    len = len < size ? len : size - 1;
    memcpy(host, start, len);
    host[len] = '\0';
}

/* Numbers may be written in many ways; then curl's is the one that counts, and must be of 127. */
static int is_number(const char *host)
{
    return host[strspn(host, "0123456789abcdefABCDEFxX.")] == '\0';
}

static void check_address(const char *text)
{
    struct abp_http_url url;
    struct abp_error err = {0};
    char *curls = NULL, host[300];
    if (abp_http_url_read(&url, text, &err) != 0) {
        must(err.code == ABP_DATA || err.code == ABP_FAILED);
        abp_http_url_release(&url);
        return;
    }
    must(url.secure || url.to_machine);
    must(strncasecmp(text, url.secure ? "https://" : "http://", url.secure ? 8 : 7) == 0);
    must(curl_url_get(url.handle, CURLUPART_HOST, &curls, 0) == CURLUE_OK);
    host_of(host, sizeof host, text);
    if (*host != '[' && !is_number(host) && !strchr(host, '%') && strlen(host) < sizeof host - 1)
        must(strcasecmp(host, curls) == 0);
    if (url.to_machine)
        must(strcasecmp(curls, "localhost") == 0 || strcmp(curls, "[::1]") == 0 ||
             strncmp(curls, "127.", 4) == 0);
    curl_free(curls);
    abp_http_url_release(&url);
}

static void check_header(const struct abp_http_answer *answer, const char *name, size_t size)
{
    char value[64];
    must(size <= sizeof value);
    memset(value, 'z', sizeof value);
    const char *got = abp_http_header(value, size, answer, name);
    for (size_t i = size; i < sizeof value; i++)
        must(value[i] == 'z');
    if (!got)
        return;
    size_t len = strlen(got);
    must(got == value && len < size && !strchr(got, '\n'));
    must(*got != ' ' && *got != '\t');
    must(len == 0 || len == size - 1 || !strchr(" \t\r", got[len - 1]));
    must(strstr(abp_buffer_text(&answer->headers), got) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct abp_http_answer answer;
    struct abp_buffer text;
    abp_http_answer_init(&answer);
    abp_buffer_init(&text, (size_t)1 << 16);
    if (abp_buffer_append(&answer.headers, data, size) == 0)
        for (size_t room = 1; room <= 64; room *= 4) {
            check_header(&answer, "Retry-After", room);
            check_header(&answer, "a", room);
        }
    if (abp_buffer_append(&text, data, size) == 0)
        check_address(abp_buffer_text(&text));
    abp_buffer_release(&text);
    abp_http_answer_release(&answer);
    return 0;
}
