#include "common/program.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

extern char *program_invocation_short_name;

_Noreturn void program_fail(int exit_code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(exit_code);
}

uint64_t program_number(const char *option, const char *text, uint64_t least, uint64_t most)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    // strtoull() takes signs and leading space as well.
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value < least ||
        value > most) {
        program_fail(2, "%s takes a whole number from %llu to %llu, not \"%s\"", option,
                     (unsigned long long)least, (unsigned long long)most, text);
    }
    return value;
}

uint64_t program_raise_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        program_fail(1, "the limit of open files cannot be read: %s", strerror(errno));
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        program_fail(1, "the limit of open files cannot be raised: %s", strerror(errno));
    }
    return limit.rlim_cur;
}

uint16_t program_port(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "--port") != 0) {
        program_fail(2, "to be called with --port N, where 0 picks a free port");
    }
    return (uint16_t)program_number("--port", argv[2], 0, UINT16_MAX);
}

void program_ready(uint16_t port)
{
    printf("{\"event\":\"ready\",\"port\":%u}\n", port);
    fflush(stdout);
}
