/* One connector driven from the command line against a real server, so that a shell script can be
 * the test: every call of the table, the answer as one JSON object on stdout.
 *
 *   drive_channel --type bluesky --server URL --account NAME --password env:NAME --root DIR CALL
 *
 *   check                                signs in; limits
 *   prepare --key K --made-at T --text TEXT|--text-file F [--link URL] [--lang L]
 *           [--media FILE --alt TEXT]... --request FILE       writes the request there
 *   send    --key K --request FILE
 *   find    --key K --request FILE --sent-at T
 *   locate  --url URL                    what the post at that address is called
 *   read    --id ID [--version V] [--id ID ...]
 *   key     --number N                   a new key
 *
 * Besides: --token env:NAME|file:PATH|command:LINE (so --password), --visibility V, --now T (UTC
 * seconds; else the clock's). Exit status: 0 whenever there is an object, whatever it says; 2 for a
 * command line that is not understood; 1 when this program itself can't go on. */
#include "abpost/channel.h"
#include "abpost/http_curl.h"
#include "abpost/text.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST_MAX  ((size_t)1 << 20)
#define READINGS_MAX 200

struct drive {
    const char *call;
    struct abp_channel channel;
    struct abp_content content;
    struct abp_reading readings[READINGS_MAX];
    size_t reading_count;
    const char *root, *key, *request_path, *text_file, *url;
    int64_t now, made_at, sent_at, number; /* now: -1: the clock's */
};

static char *word(const char *text)
{
    union {
        const char *in;
        char *out;
    } borrowed = {text}; /* struct abp_channel owns its strings where the configuration made them */
    return borrowed.out;
}

static int64_t now_of(void *context)
{
    const struct drive *drive = context;
    return drive->now >= 0 ? drive->now : (int64_t)time(NULL);
}

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(REQUEST_MAX + 1);
    if (!file || !text) {
        fprintf(stderr, "drive_channel: %s can't be read\n", path);
        exit(1);
    }
    *len = fread(text, 1, REQUEST_MAX, file);
    text[*len] = '\0';
    fclose(file);
    return text;
}

/* ---- the command line ---- */

static int set_secret(struct abp_secret *secret, const char *text)
{
    static const struct {
        const char *prefix;
        int source;
    } kinds[] = {
        {"env:", ABP_SECRET_ENV}, {"file:", ABP_SECRET_FILE}, {"command:", ABP_SECRET_COMMAND}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t len = strlen(kinds[i].prefix);
        if (strncmp(text, kinds[i].prefix, len) != 0)
            continue;
        secret->value = word(text + len);
        if (kinds[i].source == ABP_SECRET_ENV)
            secret->source = ABP_SECRET_ENV;
        else if (kinds[i].source == ABP_SECRET_FILE)
            secret->source = ABP_SECRET_FILE;
        else
            secret->source = ABP_SECRET_COMMAND;
        return 0;
    }
    return -1;
}

static int set_type(struct drive *drive, const char *text)
{
    for (int i = 0; i < ABP_PLATFORM_COUNT; i++)
        if (strcmp(abp_platform_name((enum abp_platform)i), text) == 0) {
            drive->channel.platform = (enum abp_platform)i;
            return 0;
        }
    return -1;
}

static const char *type_of(const unsigned char *bytes, size_t len)
{
    if (len >= 8 && memcmp(bytes, "\x89PNG", 4) == 0)
        return "image/png";
    if (len >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0)
        return "image/jpeg";
    if (len >= 6 && memcmp(bytes, "GIF8", 4) == 0)
        return "image/gif";
    return "image/webp";
}

static int add_media(struct drive *drive, const char *path)
{
    unsigned char first[8];
    struct abp_content *content = &drive->content;
    FILE *file = content->media_count < ABP_CONTENT_MEDIA_MAX ? fopen(path, "rb") : NULL;
    if (!file)
        return -1;
    struct abp_media *media = &content->media[content->media_count++];
    size_t n = fread(first, 1, sizeof first, file);
    media->path = word(path);
    media->type = type_of(first, n);
    fseek(file, 0, SEEK_END);
    media->size = (size_t)ftell(file);
    fclose(file);
    return 0;
}

static int set_number(int64_t *number, const char *text)
{
    return abp_parse_int64(text, number);
}

/* Options whose value is a text to be borrowed. NULL: none of these. */
static const char **text_option(struct drive *drive, const char *name)
{
    static const char *const names[] = {"--root", "--key", "--request", "--text-file", "--url"};
    const char **const places[] = {&drive->root, &drive->key, &drive->request_path,
                                   &drive->text_file, &drive->url};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return places[i];
    return NULL;
}

/* The same, into structs whose strings the engine owns elsewhere. */
static char **own_option(struct drive *drive, const char *name)
{
    static const char *const names[] = {"--server", "--account", "--visibility",
                                        "--text",   "--link",    "--lang"};
    char **const places[] = {&drive->channel.server,     &drive->channel.account,
                             &drive->channel.visibility, &drive->content.text,
                             &drive->content.link,       &drive->content.lang};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return places[i];
    return NULL;
}

static int64_t *number_option(struct drive *drive, const char *name)
{
    static const char *const names[] = {"--now", "--made-at", "--sent-at", "--number"};
    int64_t *const places[] = {&drive->now, &drive->made_at, &drive->sent_at, &drive->number};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return places[i];
    return NULL;
}

static int list_option(struct drive *drive, const char *name, const char *value)
{
    if (strcmp(name, "--media") == 0)
        return add_media(drive, value);
    if (strcmp(name, "--alt") == 0 && drive->content.media_count > 0) {
        drive->content.media[drive->content.media_count - 1].alt = word(value);
        return 0;
    }
    if (strcmp(name, "--id") == 0 && drive->reading_count < READINGS_MAX) {
        drive->readings[drive->reading_count].version = "";
        drive->readings[drive->reading_count++].remote_id = value;
        return 0;
    }
    if (strcmp(name, "--version") == 0 && drive->reading_count > 0) {
        drive->readings[drive->reading_count - 1].version = value;
        return 0;
    }
    return -1;
}

static int set_option(struct drive *drive, const char *name, const char *value)
{
    const char **text = text_option(drive, name);
    char **own = own_option(drive, name);
    int64_t *number = number_option(drive, name);
    if (text)
        *text = value;
    else if (own)
        *own = word(value);
    else if (number)
        return set_number(number, value);
    else if (strcmp(name, "--type") == 0)
        return set_type(drive, value);
    else if (strcmp(name, "--password") == 0)
        return set_secret(&drive->channel.password, value);
    else if (strcmp(name, "--token") == 0)
        return set_secret(&drive->channel.token, value);
    else
        return list_option(drive, name, value);
    return 0;
}

static int parse(struct drive *drive, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            if (drive->call)
                return -1;
            drive->call = argv[i];
        } else if (i + 1 >= argc || set_option(drive, argv[i], argv[i + 1]) != 0) {
            fprintf(stderr, "drive_channel: %s: no such option, or not with such a value\n",
                    argv[i]);
            return -1;
        } else {
            i++;
        }
    }
    return drive->call && drive->root ? 0 : -1;
}

/* ---- the calls ---- */

static const char *name_of(enum abp_fate fate)
{
    static const char *const names[] = {"posted", "refused", "not-sent", "handed", "unknown"};
    return names[fate];
}

static void add_outcome(json_t *out, const struct abp_outcome *outcome)
{
    json_object_set_new(out, "fate", json_string(name_of(outcome->fate)));
    json_object_set_new(out, "sign_in", json_boolean(outcome->sign_in));
    json_object_set_new(out, "retry_at", json_integer(outcome->retry_at));
    json_object_set_new(out, "posted_at", json_integer(outcome->posted_at));
    json_object_set_new(out, "remote_id", json_string(outcome->remote_id));
    json_object_set_new(out, "version", json_string(outcome->version));
    json_object_set_new(out, "url", json_string(outcome->url));
    json_object_set_new(out, "reason", json_string(outcome->reason));
}

static void add_error(json_t *out, const struct abp_error *err)
{
    json_object_set_new(out, "error", json_integer(abp_exit_status(err->code)));
    json_object_set_new(out, "message", json_string(err->message));
    json_object_set_new(out, "http_status", json_integer(err->http_status));
}

static void call_check(struct drive *drive, struct abp_connection *connection, json_t *out)
{
    struct abp_error err = {0};
    const struct abp_limits *limits = &connection->limits;
    (void)drive;
    if (connection->ops->check && connection->ops->check(connection, &err) != 0) {
        add_error(out, &err);
        return;
    }
    json_object_set_new(out, "characters", json_integer(limits->characters));
    json_object_set_new(out, "bytes", json_integer(limits->bytes));
    json_object_set_new(out, "url_characters", json_integer(limits->url_characters));
    json_object_set_new(out, "media", json_integer(limits->media));
    json_object_set_new(out, "media_bytes", json_integer(limits->media_bytes));
    json_object_set_new(out, "alt_characters", json_integer(limits->alt_characters));
}

static void call_prepare(struct drive *drive, struct abp_connection *connection, json_t *out)
{
    struct abp_buffer request;
    struct abp_outcome outcome = {0};
    size_t len;
    char *text = NULL;
    abp_buffer_init(&request, REQUEST_MAX);
    if (drive->text_file)
        drive->content.text = text = read_file(drive->text_file, &len);
    int rc = connection->ops->prepare(connection, &request, &drive->content, drive->key,
                                      drive->made_at, &outcome);
    json_object_set_new(out, "prepared", json_boolean(rc == 0));
    if (rc != 0) {
        add_outcome(out, &outcome);
    } else {
        FILE *file = fopen(drive->request_path, "wb");
        if (!file || fwrite(request.data, 1, request.len, file) != request.len || fclose(file) != 0)
            exit(1);
    }
    abp_buffer_release(&request);
    free(text);
}

static void call_send(struct drive *drive, struct abp_connection *connection, json_t *out)
{
    struct abp_outcome outcome;
    size_t len;
    char *request = read_file(drive->request_path, &len);
    memset(&outcome, 0xA5, sizeof outcome); /* a connector must fill every member */
    if (strcmp(drive->call, "send") == 0)
        connection->ops->send(connection, &outcome, request, len, drive->key);
    else
        connection->ops->find(connection, &outcome, request, len, drive->key, drive->sent_at);
    add_outcome(out, &outcome);
    free(request);
}

static void call_locate(struct drive *drive, struct abp_connection *connection, json_t *out)
{
    struct abp_outcome outcome;
    struct abp_error err = {0};
    memset(&outcome, 0xA5, sizeof outcome);
    if (connection->ops->locate(connection, &outcome, drive->url, &err) != 0)
        add_error(out, &err);
    else
        add_outcome(out, &outcome);
}

static json_t *reading_json(const struct abp_reading *reading)
{
    static const char *const names[] = {"read", "gone", "not"};
    json_t *out = json_object(), *values = json_object();
    json_object_set_new(out, "id", json_string(reading->remote_id));
    json_object_set_new(out, "state", json_string(names[reading->state]));
    json_object_set_new(out, "edited", json_boolean(reading->edited));
    for (size_t i = 0; i < reading->value_count; i++)
        json_object_set_new(values, reading->values[i].name,
                            json_integer((json_int_t)reading->values[i].value));
    json_object_set_new(out, "values", values);
    json_object_set_new(out, "reason", json_string(reading->reason));
    return out;
}

static void call_read(struct drive *drive, struct abp_connection *connection, json_t *out)
{
    struct abp_error err = {0};
    json_t *list = json_array();
    if (connection->ops->read(connection, drive->readings, drive->reading_count, &err) != 0)
        add_error(out, &err);
    for (size_t i = 0; i < drive->reading_count; i++)
        json_array_append_new(list, reading_json(&drive->readings[i]));
    json_object_set_new(out, "readings", list);
}

static void call_key(struct drive *drive, struct abp_connection *connection, json_t *out)
{
    char key[ABP_KEY_SIZE];
    (void)connection;
    abp_key_make(key, now_of(drive), drive->number, 0);
    json_object_set_new(out, "key", json_string(key));
}

struct call {
    const char *name;
    void (*run)(struct drive *drive, struct abp_connection *connection, json_t *out);
};

static const struct call *find_call(const struct drive *drive)
{
    static const struct call calls[] = {{"check", call_check},  {"prepare", call_prepare},
                                        {"send", call_send},    {"find", call_send},
                                        {"read", call_read},    {"key", call_key},
                                        {"locate", call_locate}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, drive->call) == 0)
            return &calls[i];
    return NULL;
}

static int run(struct drive *drive, const struct call *call)
{
    struct abp_http *http = NULL;
    struct abp_connection connection = {0};
    struct abp_error err = {0};
    const struct abp_http_factory *factory = abp_http_curl();
    json_t *out = json_object();
    int rc = 1;
    if (factory->open(&http, factory->context, &err) != 0 ||
        abp_connection_open(&connection, &drive->channel, http, drive->root, now_of, drive, &err) !=
            0)
        add_error(out, &err);
    else
        call->run(drive, &connection, out);
    json_object_set_new(out, "wait_until", json_integer(connection.wait_until));
    if (json_dumpf(out, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF && fflush(stdout) == 0)
        rc = 0;
    json_decref(out);
    abp_connection_close(&connection);
    if (http)
        http->close(http);
    return rc;
}

int main(int argc, char **argv)
{
    static struct drive drive;
    struct sigaction action = {.sa_handler = SIG_IGN};
    char empty[1] = "", name[] = "driven";
    drive.now = -1;
    drive.channel.name = name;
    drive.content.text = empty;
    sigaction(SIGPIPE, &action, NULL);
    const struct call *call = parse(&drive, argc, argv) == 0 ? find_call(&drive) : NULL;
    if (!call) {
        fprintf(stderr, "drive_channel: how it is called stands at the top of its source\n");
        return 2;
    }
    return run(&drive, call);
}
