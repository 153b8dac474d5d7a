// One end of a pair of rings in a mapped file: for the tests in which the other end is another
// process, in C or TypeScript. Not part of the firmware.
//
//   ring_peer FD CAPACITY SIDE COUNT WAIT_FD RING_FD
//
// FD is the file, which is two rings, one behind the other. Side 0 writes to the first and reads from
// the second, side 1 the other way round, both at once: COUNT messages each way. It sleeps at
// WAIT_FD, an eventfd, whenever it may, and rings RING_FD.
//
// A message is one record. What it is follows from its sequence, as in test/support/ring-peer.ts.
// Exits with 1, and a sentence, where one is damaged, lost, there twice or out of order.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/spsc_ring.h"
#include "test/check.h"

// Records in a row before the other direction gets its turn.
#define RECORDS_PER_TURN 64u

enum { MESSAGE = 1 };

struct peer {
    struct ring_producer out;
    struct ring_consumer in;
    uint32_t count;
    uint32_t sent;
    uint32_t received;
    int wait_fd;
    int ring_fd;
};

static uint32_t hash_of(uint32_t sequence)
{
    return (sequence + 1u) * 2654435761u;
}

// One in sixteen is up to 60 KiB, the others are up to 512 bytes; 64 at least.
static uint32_t length_of(uint32_t sequence)
{
    uint32_t hash = hash_of(sequence) >> 8;
    uint32_t span = hash % 16u == 0 ? 60u * 1024u - 64u : 512u - 64u;
    return 64u + (hash >> 4) % (span + 1u);
}

static bool produce(struct peer *peer)
{
    uint32_t sequence = peer->sent;
    uint32_t length = length_of(sequence);
    uint32_t *words = ring_claim(&peer->out, length);
    if (words == NULL) {
        CHECK(!peer->out.damaged);
        return false;
    }
    uint32_t hash = hash_of(sequence);
    for (uint32_t i = 0; i < length / 4u; i++) {
        words[i] = hash + i;
    }
    memset((unsigned char *)words + length / 4u * 4u, (int)(hash & 0xffu), length % 4u);
    ring_commit(&peer->out, MESSAGE, hash, sequence);
    peer->sent++;
    return true;
}

static bool consume(struct peer *peer)
{
    struct ring_record record;
    if (!ring_peek(&peer->in, &record)) {
        CHECK(!peer->in.damaged);
        return false;
    }
    uint32_t sequence = peer->received;
    uint32_t length = length_of(sequence);
    uint32_t hash = hash_of(sequence);
    const uint32_t *words = record.payload;
    CHECK_EQUAL(record.header.type, MESSAGE);
    CHECK_EQUAL(record.header.sequence, sequence);
    CHECK_EQUAL(record.header.stream, hash);
    CHECK_EQUAL(record.header.length, length);
    for (uint32_t i = 0; i < length / 4u; i++) {
        CHECK_EQUAL(words[i], hash + i);
    }
    for (uint32_t i = length / 4u * 4u; i < length; i++) {
        CHECK_EQUAL(((const unsigned char *)record.payload)[i], hash & 0xffu);
    }
    ring_advance(&peer->in);
    peer->received++;
    return true;
}

static void show(struct peer *peer)
{
    bool records = ring_publish(&peer->out);
    bool room = ring_free(&peer->in);
    if (records || room) {
        CHECK_EQUAL(eventfd_write(peer->ring_fd, 1), 0);
    }
}

static void sleep_for_bell(const struct peer *peer)
{
    struct pollfd polled = {.fd = peer->wait_fd, .events = POLLIN};
    eventfd_t bells;
    CHECK_EQUAL(poll(&polled, 1, -1), 1);
    CHECK_EQUAL(eventfd_read(peer->wait_fd, &bells), 0);
}

static void sleep_for_either(struct peer *peer)
{
    if (peer->sent == peer->count || ring_producer_try_sleep(&peer->out)) {
        if (peer->received == peer->count || ring_consumer_try_sleep(&peer->in)) {
            sleep_for_bell(peer);
        }
    }
    ring_producer_wake(&peer->out);
    ring_consumer_wake(&peer->in);
}

static void exchange(struct peer *peer)
{
    while (peer->sent < peer->count || peer->received < peer->count) {
        bool worked = false;
        for (uint32_t i = 0; i < RECORDS_PER_TURN && peer->sent < peer->count && produce(peer); i++) {
            worked = true;
        }
        for (uint32_t i = 0; i < RECORDS_PER_TURN && peer->received < peer->count && consume(peer);
             i++) {
            worked = true;
        }
        show(peer);
        if (!worked) {
            sleep_for_either(peer);
        }
    }
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

int main(int count, char **arguments)
{
    if (count != 7) {
        fprintf(stderr, "ring_peer FD CAPACITY SIDE COUNT WAIT_FD RING_FD\n");
        return 2;
    }
    uint32_t capacity = number(arguments[2]);
    uint32_t side = number(arguments[3]);
    size_t ring_bytes = sizeof(struct carillon_ring_control) + capacity;
    unsigned char *memory = mmap(NULL, 2 * ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                                 (int)number(arguments[1]), 0);
    CHECK(memory != MAP_FAILED);
    static struct peer peer;
    peer.count = number(arguments[4]);
    peer.wait_fd = (int)number(arguments[5]);
    peer.ring_fd = (int)number(arguments[6]);
    void *first = memory;
    void *second = memory + ring_bytes;
    ring_producer_bind(&peer.out, side == 0 ? first : second, capacity);
    ring_consumer_bind(&peer.in, side == 0 ? second : first, capacity);
    ring_producer_set_checksum(&peer.out, side == 1); // one way with, one without
    exchange(&peer);
    return 0;
}
