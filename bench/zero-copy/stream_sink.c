// Reads what a server streams from a region, and says what it did.
//
//   stream_sink --port N --region BYTES [--warmup-ms N] [--duration-ms N] [--stall-ms N]
//               [--server-pid PID] [--hold]
//
// The stream is the words of stream.h, for a region of so many bytes, over and over. Of all that comes,
// one word in LOAD_SAMPLE_EVERY is compared, and in each read the last whole one: a byte that is lost
// or comes twice moves all that follow. Another word than the one that is due is an error.
//
// --hold and what is printed are as in echo_load, without latencies.
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/program.h"
#include "load/load.h"
#include "load/load_options.h"
#include "zero-copy/stream.h"

enum { READ_BYTES = 256 * 1024 };

static uint64_t region_bytes;

// What has come and is not compared yet: at most a word's part, and one read.
static unsigned char bytes[STREAM_WORD_BYTES + READ_BYTES];
static size_t kept;
static uint64_t words;

static void wait_for(int fd, short events)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    int ready = poll(&waiting, 1, (int)(load_options.stall_ns / LOAD_NS_PER_MS));
    if (ready == 0) {
        load_fail_server("the server stalled: nothing came for %" PRIu64 " ms",
                         load_options.stall_ns / LOAD_NS_PER_MS);
    }
    if (ready < 0) {
        program_fail(1, "poll: %s", strerror(errno));
    }
}

static void check_word(size_t index, uint64_t word)
{
    uint64_t got;
    memcpy(&got, bytes + index * STREAM_WORD_BYTES, sizeof got);
    uint64_t want = stream_word(word % (region_bytes / STREAM_WORD_BYTES));
    if (got != want) {
        load_fail_server("word %" PRIu64 " of the stream is %016" PRIx64 " and not %016" PRIx64, word,
                         got, want);
    }
}

// Reads once, and compares. Returns how many bytes came.
static size_t receive(int fd)
{
    wait_for(fd, POLLIN);
    ssize_t count = recv(fd, bytes + kept, READ_BYTES, 0);
    if (count == 0) {
        load_fail_server("the server closed the connection");
    }
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            return 0;
        }
        load_fail_server("the connection broke: %s", strerror(errno));
    }
    size_t have = kept + (size_t)count;
    size_t whole = have / STREAM_WORD_BYTES;
    uint64_t first = (LOAD_SAMPLE_EVERY - words % LOAD_SAMPLE_EVERY) % LOAD_SAMPLE_EVERY;
    for (size_t i = (size_t)first; i < whole; i += LOAD_SAMPLE_EVERY) {
        check_word(i, words + i);
    }
    if (whole > 0) {
        check_word(whole - 1, words + whole - 1);
    }
    words += whole;
    kept = have % STREAM_WORD_BYTES;
    memmove(bytes, bytes + whole * STREAM_WORD_BYTES, kept);
    return (size_t)count;
}

static void receive_for(int fd, uint64_t duration_ns, uint64_t *received)
{
    uint64_t until = load_now_ns(CLOCK_MONOTONIC) + duration_ns;
    while (load_now_ns(CLOCK_MONOTONIC) < until) {
        *received += receive(fd);
    }
}

static void run(void)
{
    int fd = load_connect(load_options.port, 0, 1);
    wait_for(fd, POLLOUT);
    load_check_connected(fd, 0, 1);
    if (load_options.hold) {
        load_hold(1, load_options.stall_ns);
    }
    uint64_t ignored = 0;
    receive_for(fd, load_options.warmup_ns, &ignored);
    clockid_t server = load_options.server_pid == 0 ? CLOCK_PROCESS_CPUTIME_ID
                                               : load_process_clock(load_options.server_pid);
    uint64_t server_ns = load_now_ns(server);
    uint64_t own_ns = load_now_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t started_ns = load_now_ns(CLOCK_MONOTONIC);
    uint64_t received = 0;
    receive_for(fd, load_options.duration_ns, &received);
    double elapsed_s = (double)(load_now_ns(CLOCK_MONOTONIC) - started_ns) / 1e9;
    printf("{\"event\":\"result\",\"errors\":0,\"bytes\":%" PRIu64 ",\"bytesPerS\":%.1f,"
           "\"elapsedS\":%.6f,\"serverCpuS\":%.6f,\"loadCpuS\":%.6f}\n",
           received, (double)received / elapsed_s, elapsed_s,
           load_options.server_pid == 0 ? 0.0 : (double)(load_now_ns(server) - server_ns) / 1e9,
           (double)(load_now_ns(CLOCK_PROCESS_CPUTIME_ID) - own_ns) / 1e9);
    close(fd);
}

int main(int argc, char **argv)
{
    const struct load_option own[] = {
        {"region", STREAM_WORD_BYTES, STREAM_REGION_BYTES_MAX, &region_bytes, NULL},
        {NULL, 0, 0, NULL, NULL},
    };
    load_parse_options(argc, argv, own);
    if (load_options.connections != 1 || load_options.depth != 1) {
        program_fail(2, "a stream has one connection, on which nothing is sent");
    }
    if (region_bytes == 0 || region_bytes % STREAM_WORD_BYTES != 0) {
        program_fail(2, "--region BYTES, whole words, says how long the server's region is");
    }
    run();
    return 0;
}
