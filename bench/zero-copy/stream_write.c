// Streams a mapped region to whoever connects, over and over, as one would in C.
//
//   stream_write --file FILE --block BYTES --way copy|write --port N
//
// FILE is mapped, and is whole blocks long. Each block is written to the socket by a write() that
// blocks: from a copy of the block, as who must not hold up the region's producer makes one, or from
// where it lies.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/program.h"
#include "peers/listener.h"
#include "zero-copy/stream.h"

static const unsigned char *region;
static size_t region_bytes;
static size_t block_bytes;
static bool copies;
static unsigned char *copy;

// False where the client has gone.
static bool write_all(int fd, const unsigned char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        }
    }
    return true;
}

static void stream_to(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    for (size_t at = 0;; at = (at + block_bytes) % region_bytes) {
        const unsigned char *block = region + at;
        if (copies) {
            memcpy(copy, block, block_bytes);
            block = copy;
        }
        if (!write_all(fd, block, block_bytes)) {
            break;
        }
    }
    close(fd);
}

static void map_region(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        program_fail(1, "%s: %s", path, strerror(errno));
    }
    region_bytes = (size_t)status.st_size;
    if (region_bytes == 0 || region_bytes % block_bytes != 0) {
        program_fail(1, "%s is not whole blocks of %zu bytes", path, block_bytes);
    }
    void *mapped = mmap(NULL, region_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) {
        program_fail(1, "%s: %s", path, strerror(errno));
    }
    region = mapped;
    close(fd);
}

int main(int argc, char **argv)
{
    enum { FILE_NAME = 1, BLOCK, WAY, PORT };
    static const struct option names[] = {
        {"file", required_argument, NULL, FILE_NAME},
        {"block", required_argument, NULL, BLOCK},
        {"way", required_argument, NULL, WAY},
        {"port", required_argument, NULL, PORT},
        {NULL, 0, NULL, 0},
    };
    const char *file = NULL;
    const char *way = "";
    uint16_t port = 0;
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case FILE_NAME:
            file = optarg;
            break;
        case BLOCK:
            block_bytes = program_number("--block", optarg, STREAM_WORD_BYTES, STREAM_BLOCK_BYTES_MAX);
            break;
        case WAY:
            way = optarg;
            break;
        case PORT:
            port = (uint16_t)program_number("--port", optarg, 0, UINT16_MAX);
            break;
        default:
            exit(2);
        }
    }
    copies = strcmp(way, "copy") == 0;
    if (file == NULL || block_bytes == 0 || (!copies && strcmp(way, "write") != 0)) {
        program_fail(2, "to be called with --file FILE --block BYTES --way copy|write --port N");
    }
    map_region(file);
    copy = malloc(block_bytes);
    if (copy == NULL) {
        program_fail(1, "there is no memory for a block");
    }
    // A client that has gone is told by write().
    signal(SIGPIPE, SIG_IGN);
    int listener = listener_open(port, &port);
    program_ready(port);
    for (;;) {
        struct pollfd waiting = {.fd = listener, .events = POLLIN};
        poll(&waiting, 1, -1);
        int fd = listener_accept(listener);
        if (fd >= 0) {
            stream_to(fd);
        }
    }
}
