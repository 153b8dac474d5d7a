// Checks for the C tests: each prints what it found and ends the test with 1 where it fails.
#ifndef CARILLON_TEST_CHECK_H
#define CARILLON_TEST_CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_failed(__FILE__, __LINE__, "%s", #condition);                                    \
        }                                                                                          \
    } while (0)

// Integers.
#define CHECK_EQUAL(found, wanted)                                                                 \
    do {                                                                                           \
        long long found_ = (long long)(found), wanted_ = (long long)(wanted);                      \
        if (found_ != wanted_) {                                                                   \
            check_failed(__FILE__, __LINE__, "%s is %lld, not %lld", #found, found_, wanted_);     \
        }                                                                                          \
    } while (0)

// Numbers that differ by `within` at most. NaN is near nothing.
#define CHECK_NEAR(found, wanted, within)                                                          \
    do {                                                                                           \
        double found_ = (found), wanted_ = (wanted), within_ = (within);                           \
        if (!(fabs(found_ - wanted_) <= within_)) {                                                \
            check_failed(__FILE__, __LINE__, "%s is %.17g, not %.17g (within %g)", #found, found_, \
                         wanted_, within_);                                                        \
        }                                                                                          \
    } while (0)

#define CHECK_TEXT(found, wanted)                                                                  \
    do {                                                                                           \
        const char *found_ = (found), *wanted_ = (wanted);                                         \
        if (strcmp(found_, wanted_) != 0) {                                                        \
            check_failed(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #found, found_, wanted_); \
        }                                                                                          \
    } while (0)

#define check_failed(file, line, ...)                                                              \
    do {                                                                                           \
        fprintf(stderr, "%s:%d: ", file, line);                                                    \
        fprintf(stderr, __VA_ARGS__);                                                              \
        fprintf(stderr, "\n");                                                                     \
        exit(1);                                                                                   \
    } while (0)

#endif
