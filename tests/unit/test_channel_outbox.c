/* The channel a person publishes for: each post becomes one file, whole or not there, never two,
 * whatever is killed, full or already there. */
#include "abpost/channel.h"
#include "store_scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <time.h>

#define KEY  "3l2abcdefgh2k"
#define TEXT "Dawn over the harbour.\n\nWho was up?"

static char channel_name[] = "by-hand", account[] = "brand.example.com", alt[] = "The harbour";
static char text[] = TEXT, address[] = "https://example.com/a";

struct post {
    struct scratch *scratch;
    struct abp_channel channel;
    struct abp_content content;
    struct abp_connection connection;
    struct abp_buffer request;
    struct abp_outcome outcome;
    char image[300];
};

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static int teardown(void **state)
{
    struct scratch *s = *state;
    nftw(s->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(s);
    return 0;
}

static void open_post(struct post *post, struct scratch *s)
{
    struct abp_error err = {0};
    memset(post, 0, sizeof *post);
    post->scratch = s;
    post->channel.name = channel_name;
    post->channel.platform = ABP_OUTBOX;
    post->channel.account = account;
    scratch_write(s, "dawn.png", "\x89PNG not really");
    snprintf(post->image, sizeof post->image, "%s/dawn.png", s->folder);
    post->content.text = text;
    post->content.link = address;
    post->content.media[0] = (struct abp_media){post->image, alt, "image/png", 15};
    post->content.media_count = 1;
    abp_buffer_init(&post->request, 1 << 20);
    assert_int_equal(abp_connection_open(&post->connection, &post->channel, NULL, s->folder,
                                         scratch_now, NULL, &err),
                     0);
}

static int prepare(struct post *post)
{
    abp_buffer_reset(&post->request);
    return post->connection.ops->prepare(&post->connection, &post->request, &post->content, KEY,
                                         NOW, &post->outcome);
}

static void send_it(struct post *post)
{
    post->connection.ops->send(&post->connection, &post->outcome, post->request.data,
                               post->request.len, KEY);
}

static void find_it(struct post *post)
{
    post->connection.ops->find(&post->connection, &post->outcome, post->request.data,
                               post->request.len, KEY, NOW);
}

static void close_post(struct post *post)
{
    abp_connection_close(&post->connection);
    abp_buffer_release(&post->request);
}

/* What a file below the workspace holds; "" when it is not there. Good until the next call. */
static const char *holds(struct scratch *s, const char *name)
{
    static char bytes[5000];
    char path[800];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(bytes, 1, sizeof bytes - 1, file) : 0;
    bytes[len] = '\0';
    if (file)
        fclose(file);
    return bytes;
}

/* Files of the channel's folder that a person sees. */
static int count_files(struct scratch *s)
{
    char path[800];
    int count = 0;
    snprintf(path, sizeof path, "%s/outbox/by-hand", s->folder);
    DIR *folder = opendir(path);
    for (struct dirent *e; folder && (e = readdir(folder));)
        count += e->d_name[0] != '.';
    if (folder)
        closedir(folder);
    return count;
}

static void test_hands_over(void **state)
{
    struct post post;
    open_post(&post, *state);
    assert_int_equal(prepare(&post), 0);
    find_it(&post);
    assert_int_equal(post.outcome.fate, ABP_FATE_NOT_SENT);
    send_it(&post);
    assert_int_equal(post.outcome.fate, ABP_FATE_HANDED);
    assert_string_equal(post.outcome.remote_id, "outbox/by-hand/" KEY ".txt");
    const char *file = holds(*state, post.outcome.remote_id);
    assert_string_equal(file, abp_buffer_text(&post.request));
    assert_memory_equal(file, TEXT "\n\n----", strlen(TEXT) + 6);
    assert_non_null(strstr(file, "Link: https://example.com/a\n"));
    assert_non_null(strstr(file, "Account: brand.example.com\n"));
    assert_non_null(strstr(file, "Image 1: " KEY "-1.png, beside this file\n"));
    assert_non_null(strstr(file, "described as: The harbour\n"));
    assert_string_equal(holds(*state, "outbox/by-hand/" KEY "-1.png"), "\x89PNG not really");
    close_post(&post);
}

static void test_never_twice(void **state)
{
    struct post post;
    char path[800];
    open_post(&post, *state);
    assert_int_equal(prepare(&post), 0);
    for (int i = 0; i < 3; i++) {
        send_it(&post);
        assert_int_equal(post.outcome.fate, ABP_FATE_HANDED);
        assert_string_equal(post.outcome.reason, "");
        find_it(&post);
        assert_int_equal(post.outcome.fate, ABP_FATE_HANDED);
    }
    assert_int_equal(count_files(*state), 2);
    /* Whoever publishes it may have changed it: theirs is kept. */
    snprintf(path, sizeof path, "%s/%s", post.scratch->folder, post.outcome.remote_id);
    FILE *file = fopen(path, "w");
    fputs("Better words.", file);
    fclose(file);
    send_it(&post);
    assert_int_equal(post.outcome.fate, ABP_FATE_HANDED);
    assert_non_null(strstr(post.outcome.reason, "changed"));
    assert_string_equal(holds(*state, post.outcome.remote_id), "Better words.");
    assert_int_equal(count_files(*state), 2);
    close_post(&post);
}

static void test_image_that_changed(void **state)
{
    struct post post;
    open_post(&post, *state);
    scratch_write(*state, "dawn.png", "\x89PNG and longer than it was");
    assert_int_equal(prepare(&post), -1);
    assert_int_equal(post.outcome.fate, ABP_FATE_NOT_SENT);
    assert_non_null(strstr(post.outcome.reason, "dawn.png"));
    unlink(post.image);
    assert_int_equal(prepare(&post), -1);
    assert_int_equal(post.outcome.fate, ABP_FATE_NOT_SENT);
    assert_int_equal(count_files(*state), 0);
    close_post(&post);
}

static void test_names_that_lead_away(void **state)
{
    static char names[][20] = {"..", ".", "../x", "a/b", ".hidden"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct post post;
        open_post(&post, *state);
        post.channel.name = names[i];
        assert_int_equal(prepare(&post), -1);
        assert_int_equal(post.outcome.fate, ABP_FATE_REFUSED);
        abp_buffer_add(&post.request, "x");
        send_it(&post);
        assert_int_equal(post.outcome.fate, ABP_FATE_NOT_SENT);
        close_post(&post);
    }
}

/* A disk that is full after `room` bytes. Nothing half-written is seen; with room again it goes
 * out. */
static void test_full_disk(void **state)
{
    struct rlimit before, tight;
    struct post post;
    open_post(&post, *state);
    post.content.media_count = 0;
    assert_int_equal(prepare(&post), 0);
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    for (size_t room = 0; room < post.request.len; room += 7) {
        tight = before;
        tight.rlim_cur = room;
        setrlimit(RLIMIT_FSIZE, &tight);
        send_it(&post);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(post.outcome.fate, ABP_FATE_NOT_SENT);
        assert_non_null(strstr(post.outcome.reason, "can't write"));
        assert_int_equal(count_files(*state), 0);
    }
    send_it(&post);
    assert_int_equal(post.outcome.fate, ABP_FATE_HANDED);
    close_post(&post);
}

static void test_folder_in_the_way(void **state)
{
    struct post post;
    char path[800];
    open_post(&post, *state);
    post.content.media_count = 0;
    assert_int_equal(prepare(&post), 0);
    scratch_write(*state, "outbox", "a file");
    send_it(&post);
    assert_int_equal(post.outcome.fate, ABP_FATE_NOT_SENT);
    find_it(&post);
    assert_int_equal(post.outcome.fate, ABP_FATE_UNKNOWN);
    assert_int_equal(post.outcome.retry_at, NOW + 300);
    unlink(scratch_path(*state, "outbox"));
    /* A folder where the file should be: nobody knows what it means. */
    snprintf(path, sizeof path, "%s/outbox", post.scratch->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/outbox/by-hand", post.scratch->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/outbox/by-hand/" KEY ".txt", post.scratch->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    send_it(&post);
    assert_int_equal(post.outcome.fate, ABP_FATE_UNKNOWN);
    close_post(&post);
}

/* Killed at any moment of a send, then asked and, where it is not there, sent again. */
static void test_kill(void **state)
{
    struct post post;
    int there = 0, rounds = 300;
    char path[800];
    open_post(&post, *state);
    post.content.media_count = 0;
    for (int i = 0; i < rounds; i++) {
        assert_int_equal(prepare(&post), 0);
        pid_t child = fork();
        if (child == 0) {
            send_it(&post);
            pause();
        }
        struct timespec wait = {0, (long)(i * 7919 % 3000) * 1000};
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        find_it(&post);
        assert_true(post.outcome.fate == ABP_FATE_HANDED || post.outcome.fate == ABP_FATE_NOT_SENT);
        there += post.outcome.fate == ABP_FATE_HANDED;
        assert_true(post.outcome.fate == ABP_FATE_NOT_SENT || !*post.outcome.reason); /* whole */
        send_it(&post);
        assert_int_equal(post.outcome.fate, ABP_FATE_HANDED);
        assert_string_equal(post.outcome.reason, "");
        assert_int_equal(count_files(*state), 1);
        snprintf(path, sizeof path, "%s/%s", post.scratch->folder, post.outcome.remote_id);
        assert_int_equal(unlink(path), 0);
    }
    print_message("%d of %d were there before they were sent again\n", there, rounds);
    close_post(&post);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hands_over, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_never_twice, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_image_that_changed, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_that_lead_away, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_in_the_way, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill, scratch_setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
