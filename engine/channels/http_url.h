/* The address of a request, and whether anything may be sent there. */
#ifndef ABP_CHANNELS_HTTP_URL_H
#define ABP_CHANNELS_HTTP_URL_H

#include "abpost/error.h"

#include <curl/curl.h>
#include <sys/socket.h>

struct abp_http_url {
    CURLU *handle;  /* owned */
    int secure;     /* 1: https */
    int to_machine; /* 1: the host names this machine; always so when not secure */
};

/* ABP_DATA: not an absolute https:// URL (or http:// to this machine), or one with a user or
 * password. The message names the host at most: the rest of a URL is nobody's business. Released in
 * any case. */
int abp_http_url_read(struct abp_http_url *url, const char *text,
                      struct abp_error *err) ABP_MUST_CHECK;
void abp_http_url_release(struct abp_http_url *url);

/* 1: an address of this machine: 127.0.0.0/8, ::1. */
int abp_is_loopback(const struct sockaddr *address, socklen_t len);

#endif
