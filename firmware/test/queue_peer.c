// One side of two queues in a mapped file, one in each direction: for the tests in which the other
// side is TypeScript, or this again. Not part of the firmware.
//
//   queue_peer FILE REGION_BYTES OUT bytes|messages COUNT LENGTH_MAX
//
// The file holds two regions of REGION_BYTES, one after the other. The peer writes to region OUT (0
// or 1) and reads from the other, both at once, until COUNT bytes or messages have gone each way.
// Exits with 1, and a sentence, where what it reads is not what the other side wrote.
//
// A message, and a piece of bytes, follows from its sequence as in test/shm/queue-message.ts.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/msg_queue.h"
#include "test/check.h"

#define LENGTH_BYTES_MAX 4096u
#define STILL_S 60u // for who waits for a side that has died, and not for a busy machine

static uint32_t count;
static uint32_t length_max;

static uint32_t hash_of(uint32_t sequence)
{
    return (sequence + 1u) * 2654435761u;
}

static uint32_t length_of(uint32_t sequence)
{
    return (hash_of(sequence) >> 8) % (length_max + 1u);
}

static unsigned char byte_of(uint32_t sequence, uint32_t index)
{
    return (unsigned char)((hash_of(sequence) >> 24) + index);
}

static bool write_message(struct msg_queue *out, uint32_t sequence)
{
    unsigned char message[LENGTH_BYTES_MAX];
    uint32_t length = length_of(sequence);
    for (uint32_t i = 0; i < length; i++) {
        message[i] = byte_of(sequence, i);
    }
    enum queue_status status = msg_queue_write_or_fail(out, message, length);
    CHECK(status == QUEUE_OK || status == QUEUE_FULL);
    return status == QUEUE_OK;
}

static bool read_message(struct msg_queue *in, uint32_t sequence)
{
    uint32_t length;
    enum queue_status status = msg_queue_read_or_fail(in, &length);
    if (status == QUEUE_EMPTY) {
        return false;
    }
    CHECK_EQUAL(status, QUEUE_OK);
    CHECK_EQUAL(length, length_of(sequence));
    for (uint32_t i = 0; i < length; i++) {
        CHECK_EQUAL(in->buffer[i], byte_of(sequence, i));
    }
    return true;
}

// To be called after each look: lets the other side run where there was nothing, and starts the time
// of the alarm anew where there was, not each time.
static void note_progress(bool moved)
{
    static uint32_t moves;
    if (!moved) {
        sched_yield();
    } else if (++moves % 256u == 0) {
        alarm(STILL_S);
    }
}

static void exchange_messages(struct byte_queue *out, struct byte_queue *in)
{
    static unsigned char buffer[LENGTH_BYTES_MAX];
    struct msg_queue writer, reader;
    CHECK_EQUAL(msg_queue_bind(&writer, out, "TT", 2, NULL, 0), QUEUE_OK);
    CHECK_EQUAL(msg_queue_bind(&reader, in, "TT", 2, buffer, length_max), QUEUE_OK);
    for (uint32_t written = 0, received = 0; written < count || received < count;) {
        bool wrote = written < count && write_message(&writer, written);
        bool got = received < count && read_message(&reader, received);
        written += wrote;
        received += got;
        note_progress(wrote || got);
    }
    CHECK_EQUAL(reader.skipped_bytes, 0);
}

// Of a stream of bytes the one at `index`.
static unsigned char stream_byte(uint32_t index)
{
    return (unsigned char)(hash_of(index) >> 24);
}

// In pieces of other lengths than the other side's, which are where it happens to stand.
static uint32_t piece_bytes(uint32_t from)
{
    uint32_t length = length_of(from) + 1u;
    return length < count - from ? length : count - from;
}

static uint32_t write_bytes(struct byte_queue *out, uint32_t from)
{
    unsigned char bytes[LENGTH_BYTES_MAX];
    uint32_t length = piece_bytes(from);
    uint32_t written;
    for (uint32_t i = 0; i < length; i++) {
        bytes[i] = stream_byte(from + i);
    }
    CHECK_EQUAL(byte_queue_write_at_most(out, bytes, length, &written), QUEUE_OK);
    return written;
}

static uint32_t read_bytes(struct byte_queue *in, uint32_t from)
{
    unsigned char bytes[LENGTH_BYTES_MAX];
    uint32_t consumed;
    CHECK_EQUAL(byte_queue_consume_at_most(in, bytes, piece_bytes(from), &consumed), QUEUE_OK);
    for (uint32_t i = 0; i < consumed; i++) {
        CHECK_EQUAL(bytes[i], stream_byte(from + i));
    }
    return consumed;
}

static void exchange_bytes(struct byte_queue *out, struct byte_queue *in)
{
    for (uint32_t written = 0, received = 0; written < count || received < count;) {
        uint32_t wrote = written < count ? write_bytes(out, written) : 0;
        uint32_t got = received < count ? read_bytes(in, received) : 0;
        written += wrote;
        received += got;
        note_progress(wrote > 0 || got > 0);
    }
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 7) {
        fprintf(stderr, "queue_peer FILE REGION_BYTES OUT bytes|messages COUNT LENGTH_MAX\n");
        return 2;
    }
    uint32_t region_bytes = number(arguments[2]);
    uint32_t out_index = number(arguments[3]);
    count = number(arguments[5]);
    length_max = number(arguments[6]);
    alarm(STILL_S);
    CHECK(out_index <= 1 && length_max < LENGTH_BYTES_MAX);
    int fd = open(arguments[1], O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0);
    unsigned char *regions =
        mmap(NULL, 2u * region_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(regions != MAP_FAILED);
    close(fd);
    struct byte_queue out, in;
    CHECK_EQUAL(byte_queue_attach(&out, regions + out_index * region_bytes, region_bytes),
                QUEUE_OK);
    CHECK_EQUAL(byte_queue_attach(&in, regions + (1u - out_index) * region_bytes, region_bytes),
                QUEUE_OK);
    if (strcmp(arguments[4], "messages") == 0) {
        exchange_messages(&out, &in);
    } else {
        exchange_bytes(&out, &in);
    }
    return 0;
}
