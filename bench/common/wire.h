// The protocol of proto/carillon.proto, as far as the programs of the benchmarks speak it: varints,
// fields, and the messages with samples. Over TCP each message is behind its length as a varint.
#ifndef CARILLON_BENCH_WIRE_H
#define CARILLON_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_VARINT_BYTES_MAX = 10,
    // What stands before the samples of a message with its frame: at most four varints of 32 bits,
    // one byte each for their fields and for the message's, and its length.
    WIRE_SAMPLES_HEADER_BYTES_MAX = 32,
    // As the server tells it in Welcome. A longer message is an error.
    WIRE_MESSAGE_BYTES_MAX = 1024 * 1024,
    WIRE_PROTOCOL_VERSION = 1,
};

// Field numbers of a ClientMessage and a ServerMessage.
enum { WIRE_REQUEST = 1 };
enum { WIRE_HELLO = 2, WIRE_OPEN_STREAM = 4, WIRE_CLIENT_SAMPLES = 5 };
enum {
    WIRE_WELCOME = 2,
    WIRE_STREAM_OPENED = 4,
    WIRE_SERVER_SAMPLES = 5,
    WIRE_ERROR = 7,
};

// Bytes that are read from the front; `bad` once something in them was none of what was asked for.
struct wire_reader {
    const unsigned char *at;
    const unsigned char *end;
    bool bad;
};

// A field: its number, and a number or bytes as its kind is.
struct wire_field {
    uint32_t number;
    uint64_t value;
    const unsigned char *bytes;
    size_t length;
};

struct wire_samples {
    uint32_t stream;
    uint32_t sequence;
    const unsigned char *data;
    size_t length;
};

// A frame at `at`. Returns its bytes with the length before it, 0 where it has not come whole;
// `*message` is what is in it. `*bad` where it is longer than any may be, or no frame.
size_t wire_frame(const unsigned char *at, size_t available, struct wire_reader *message, bool *bad);

uint64_t wire_read_varint(struct wire_reader *reader);

// The next field. False at the end, and where the rest is none.
bool wire_read_field(struct wire_reader *reader, struct wire_field *field);

// What is in a field of bytes.
struct wire_reader wire_inside(const struct wire_field *field);

// The message with samples. False where it is none.
bool wire_read_samples(struct wire_reader reader, struct wire_samples *samples);

// Each returns where what it wrote ends.
unsigned char *wire_put_varint(unsigned char *at, uint64_t value);
unsigned char *wire_put_number(unsigned char *at, uint32_t field, uint64_t value);
unsigned char *wire_put_double(unsigned char *at, uint32_t field, double value);
unsigned char *wire_put_bytes(unsigned char *at, uint32_t field, const void *bytes, size_t length);

// Writes what stands before the samples of a message, with its frame, so that it ends at `end`, and
// returns where it begins: at most WIRE_SAMPLES_HEADER_BYTES_MAX before.
unsigned char *wire_put_samples_header(unsigned char *end, uint32_t message_field,
                                       const struct wire_samples *samples);

#endif
