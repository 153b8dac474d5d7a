#include "load/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/program.h"

enum {
    // Open files beside the connections: standard streams, epoll, and what was inherited.
    OTHER_FILES = 32,
    WHY_BYTES_MAX = 512,
};

_Noreturn void load_fail_server(const char *format, ...)
{
    char why[WHY_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    printf("{\"event\":\"result\",\"errors\":1}\n");
    program_fail(1, "%s", why);
}

uint64_t load_now_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

clockid_t load_process_clock(pid_t pid)
{
    clockid_t clock;
    if (clock_getcpuclockid(pid, &clock) != 0) {
        program_fail(1, "there is no process %d", (int)pid);
    }
    return clock;
}

void *load_allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    if (memory == NULL) {
        program_fail(1, "there is no memory for %zu times %zu bytes", count, bytes);
    }
    return memory;
}

int load_connect(uint16_t port, uint32_t index, uint32_t connections)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        program_fail(1, "socket: %s", strerror(errno));
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        load_fail_server("connection %u of %u: %s", index + 1, connections, strerror(errno));
    }
    return fd;
}

void load_check_connected(int fd, uint32_t index, uint32_t connections)
{
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) {
        load_fail_server("connection %u of %u: %s", index + 1, connections, strerror(error));
    }
}

size_t load_receive(int fd, uint32_t index, void *bytes, size_t room)
{
    ssize_t count = recv(fd, bytes, room, 0);
    if (count == 0) {
        load_fail_server("the server closed connection %u", index + 1);
    }
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            return 0;
        }
        load_fail_server("the server broke connection %u off: %s", index + 1, strerror(errno));
    }
    return (size_t)count;
}

void load_watch(int epoll_fd, int operation, int fd, uint32_t events, void *data)
{
    struct epoll_event event = {.events = events, .data.ptr = data};
    if (epoll_ctl(epoll_fd, operation, fd, &event) != 0) {
        program_fail(1, "epoll_ctl: %s", strerror(errno));
    }
}

void load_hold(uint32_t connections, uint64_t stall_ns)
{
    printf("{\"event\":\"connected\",\"connections\":%u}\n", connections);
    fflush(stdout);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    do {
        if (poll(&input, 1, (int)(stall_ns / LOAD_NS_PER_MS)) <= 0) {
            program_fail(1, "nobody said within %llu ms that it should go on",
                         (unsigned long long)(stall_ns / LOAD_NS_PER_MS));
        }
        if (read(STDIN_FILENO, &byte, 1) <= 0) {
            program_fail(1, "whoever should say that it should go on has gone");
        }
    } while (byte != '\n');
}

void load_check_stall(uint64_t since_ns, uint64_t stall_ns, const char *what)
{
    if (load_now_ns(CLOCK_MONOTONIC) - since_ns > stall_ns) {
        load_fail_server("the server stalled: %s for %llu ms", what,
                         (unsigned long long)(stall_ns / LOAD_NS_PER_MS));
    }
}

void load_check_files(uint32_t connections)
{
    uint64_t files = program_raise_open_files();
    if (files < connections + OTHER_FILES) {
        program_fail(1, "%u connections need %u open files, and the limit is %llu: ulimit -Hn",
                     connections, connections + OTHER_FILES, (unsigned long long)files);
    }
}

void load_print_latencies(const struct histogram *latencies_ns)
{
    printf("\"p50Us\":%.3f,\"p99Us\":%.3f,\"p999Us\":%.3f,\"maxUs\":%.3f,",
           (double)histogram_quantile(latencies_ns, 0.5) / 1e3,
           (double)histogram_quantile(latencies_ns, 0.99) / 1e3,
           (double)histogram_quantile(latencies_ns, 0.999) / 1e3, (double)latencies_ns->max / 1e3);
}
