// One end of a ring of many producers in a mapped file: for the tests in which the other ends are
// TypeScript. Not part of the firmware.
//
//   mpsc_peer FILE CAPACITY produce PRODUCER COUNT FILLING_BYTES_MAX
//     writes COUNT messages. Prints a byte for each bell.
//
//   mpsc_peer FILE CAPACITY consume COUNT FILLING_BYTES_MAX
//     reads COUNT messages of at most 16 producers and sleeps on its input whenever it may: a byte
//     is a bell. Exits with 1, and a sentence, where a message is damaged or out of order.
//
//   mpsc_peer FILE CAPACITY claim LENGTH
//     claims, prints a byte, and waits to be killed.
//
// A message is its producer, its sequence and a filling that follows from both, as in
// test/shm/mpsc-message.ts.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/mpsc_ring.h"
#include "test/check.h"

#define PRODUCERS_MAX 16u

struct message {
    uint32_t producer;
    uint32_t sequence;
    unsigned char filling[];
};

static uint32_t hash_of(uint32_t producer, uint32_t sequence)
{
    return (sequence + 1u) * (2654435761u + 2u * producer);
}

static void produce(struct carillon_mpsc_control *control, uint32_t capacity, uint32_t producer,
                    uint32_t count, uint32_t filling_bytes_max)
{
    struct mpsc_producer ring;
    CHECK(mpsc_producer_bind(&ring, control, capacity));
    for (uint32_t sequence = 0; sequence < count;) {
        uint32_t hash = hash_of(producer, sequence);
        uint32_t bytes = (hash >> 8) % (filling_bytes_max + 1u);
        struct message *message = mpsc_claim(&ring, (uint32_t)sizeof *message + bytes);
        if (message == NULL) {
            CHECK(!ring.damaged);
            sched_yield();
            continue;
        }
        message->producer = producer;
        message->sequence = sequence;
        memset(message->filling, (int)(hash & 0xffu), bytes);
        CHECK(mpsc_commit(&ring, producer));
        sequence++;
        if (mpsc_should_ring(&ring)) {
            CHECK_EQUAL(write(STDOUT_FILENO, "", 1), 1);
        }
    }
}

static void check_message(const struct mpsc_record *record, uint32_t filling_bytes_max)
{
    static uint32_t received[PRODUCERS_MAX];
    const struct message *message = record->payload;
    CHECK(record->length >= sizeof *message);
    CHECK(message->producer < PRODUCERS_MAX);
    CHECK_EQUAL(record->type, message->producer);
    CHECK_EQUAL(message->sequence, received[message->producer]++);
    uint32_t hash = hash_of(message->producer, message->sequence);
    uint32_t bytes = (hash >> 8) % (filling_bytes_max + 1u);
    CHECK_EQUAL(record->length, sizeof *message + bytes);
    for (uint32_t i = 0; i < bytes; i++) {
        CHECK_EQUAL(message->filling[i], hash & 0xffu);
    }
}

static void consume(struct carillon_mpsc_control *control, uint32_t capacity, uint32_t count,
                    uint32_t filling_bytes_max)
{
    struct mpsc_consumer ring;
    CHECK(mpsc_consumer_bind(&ring, control, capacity));
    struct mpsc_record record;
    for (uint32_t read_count = 0; read_count < count;) {
        if (mpsc_peek(&ring, &record)) {
            check_message(&record, filling_bytes_max);
            mpsc_advance(&ring);
            read_count++;
            continue;
        }
        CHECK(!ring.damaged);
        mpsc_free(&ring);
        if (mpsc_try_sleep(&ring)) {
            char bells[64];
            CHECK(read(STDIN_FILENO, bells, sizeof bells) > 0);
            mpsc_wake(&ring);
        }
    }
    mpsc_free(&ring);
}

static void claim(struct carillon_mpsc_control *control, uint32_t capacity, uint32_t length)
{
    struct mpsc_producer ring;
    CHECK(mpsc_producer_bind(&ring, control, capacity));
    void *place = mpsc_claim(&ring, length);
    CHECK(place != NULL);
    memset(place, 0xff, length);
    CHECK_EQUAL(write(STDOUT_FILENO, "", 1), 1);
    pause();
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

int main(int count, char **arguments)
{
    if (count < 4) {
        fprintf(stderr, "mpsc_peer FILE CAPACITY produce|consume|claim NUMBERS\n");
        return 2;
    }
    uint32_t capacity = number(arguments[2]);
    size_t bytes = mpsc_ring_bytes(capacity);
    int fd = open(arguments[1], O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0);
    void *control = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(control != MAP_FAILED);
    close(fd);
    if (strcmp(arguments[3], "produce") == 0 && count == 7) {
        produce(control, capacity, number(arguments[4]), number(arguments[5]),
                number(arguments[6]));
    } else if (strcmp(arguments[3], "consume") == 0 && count == 6) {
        consume(control, capacity, number(arguments[4]), number(arguments[5]));
    } else if (strcmp(arguments[3], "claim") == 0 && count == 5) {
        claim(control, capacity, number(arguments[4]));
    } else {
        return 2;
    }
    return 0;
}
