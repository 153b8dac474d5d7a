// What the programs of the benchmarks share: how they end, and how they read numbers.
#ifndef CARILLON_BENCH_PROGRAM_H
#define CARILLON_BENCH_PROGRAM_H

#ifdef __cplusplus
extern "C" {
#endif

#include <stdint.h>

#ifdef __cplusplus
#define CARILLON_NORETURN [[noreturn]]
#else
#define CARILLON_NORETURN _Noreturn
#endif

// A frame is the length of its payload, as a 32-bit big-endian number, and the payload.
enum {
    FRAME_HEADER_BYTES = 4,
    // No benchmark sends more; a longer frame is an error, so nobody can ask for endless memory.
    FRAME_PAYLOAD_BYTES_MAX = 16 * 1024 * 1024,
};

// Says "PROGRAM: WHY" on standard error, in the words of `format`, and exits: 1 where something
// failed, 2 where the program was not called as it must be.
CARILLON_NORETURN void program_fail(int exit_code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The number that `text` is, from `least` to `most`; exits with 2 where it is none.
uint64_t program_number(const char *option, const char *text, uint64_t least, uint64_t most);

// Raises the limit of open files to the highest that this process may have, and returns it.
uint64_t program_raise_open_files(void);

// The port of `--port N`, which is all that a server takes.
uint16_t program_port(int argc, char **argv);

// Prints the line that says that a server listens, for whoever started it.
void program_ready(uint16_t port);

#ifdef __cplusplus
}
#endif

#endif
