/* HTTP over libcurl. What it holds to:
 *
 * - https with the certificate and the host's name verified; http only to this machine (localhost,
 *   127.0.0.0/8, ::1), checked once more on the very address that is connected to.
 * - No redirects, cookies, .netrc, passwords in URLs, HTTP/0.9 or authentication of curl's own.
 *   What a request carries goes to the host of its URL or nowhere. Proxies of the environment
 *   (https_proxy, no_proxy) only tunnel, and are never used for this machine.
 * - A request that changes something (anything but GET and HEAD) gets a connection of its own. On
 *   an old one that turns out dead curl would send the same request again, although the server may
 *   have acted on the first. Should curl ever begin such a request twice, the second is stopped.
 * - Right before the first byte of a request curl says so. Until then it is NOT_SENT, whatever went
 *   wrong; from then on LOST, unless the whole answer came.
 * - An answer that says neither its length nor that it comes in chunks ends with its connection;
 *   whether all of it came only its reader can tell (JSON that is cut is no JSON).
 *
 * Connecting takes at most 10 s; a whole exchange as long as its request says; a body that stands
 * still for a minute is given up earlier. SIGPIPE must be ignored by the process (abp_cli_start
 * does that). */
#ifndef ABPOST_HTTP_CURL_H
#define ABPOST_HTTP_CURL_H

#include "abpost/http.h"

/* The factory that trusts the certificates this machine trusts. For others, copy it and let context
 * be the path of a file of certificates (const char *, PEM, borrowed until the clients are closed).
 */
const struct abp_http_factory *abp_http_curl(void);

#endif
