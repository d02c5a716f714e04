#include "channels/http_url.h"

#include "abpost/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

int abp_is_loopback(const struct sockaddr *address, socklen_t len)
{
    if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
    return 0;
}

/* By its name as curl has normalised it: "127.1" and "0x7f000001" have become 127.0.0.1. */
static int names_machine(const char *host)
{
    struct in_addr address;
    if (abp_equal_nocase(host, "localhost") || strcmp(host, "[::1]") == 0)
        return 1;
    return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* What curl would put right (a / too many, blanks, control characters) is refused: it can only be a
 * mistake, or an attempt to say something else than the URL says. */
static int is_plain(const char *text)
{
    const char *after = text + strcspn(text, ":/?#");
    if (strncmp(after, "://", 3) != 0 || after[3] == '/')
        return 0;
    for (; *text; text++)
        if ((unsigned char)*text <= 0x20u || (unsigned char)*text >= 0x7Fu)
            return 0;
    return 1;
}

static int judge(struct abp_http_url *url, const char *scheme, const char *host,
                 struct abp_error *err)
{
    char shown[ABP_SHOWN_SIZE];
    url->secure = strcmp(scheme, "https") == 0;
    url->to_machine = names_machine(host);
    if (!url->secure && strcmp(scheme, "http") != 0)
        return abp_fail(err, ABP_DATA, "the address of %s begins neither with https:// nor http://",
                        abp_shown(shown, host));
    if (!url->secure && !url->to_machine)
        return abp_fail(err, ABP_DATA,
                        "http:// to %s would send secrets in the clear; it must be https://",
                        abp_shown(shown, host));
    return 0;
}

int abp_http_url_read(struct abp_http_url *url, const char *text, struct abp_error *err)
{
    char *scheme = NULL, *host = NULL;
    int rc = -1;
    memset(url, 0, sizeof *url);
    url->handle = curl_url();
    if (!url->handle)
        return abp_fail_memory(err);
    if (!is_plain(text) ||
        curl_url_set(url->handle, CURLUPART_URL, text, CURLU_DISALLOW_USER) != CURLUE_OK) {
        abp_fail(err, ABP_DATA, "an address to be asked is no URL, or holds a user or password");
        goto out;
    }
    if (curl_url_get(url->handle, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url->handle, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        abp_fail(err, ABP_DATA, "an address to be asked has no scheme or no host");
        goto out;
    }
    rc = judge(url, scheme, host, err);
out:
    curl_free(scheme);
    curl_free(host);
    return rc;
}

void abp_http_url_release(struct abp_http_url *url)
{
    curl_url_cleanup(url->handle);
    url->handle = NULL;
}
