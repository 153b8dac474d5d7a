// The ring between two threads, at its limits, and with what a damaged memory holds.
#include "core/spsc_ring.h"

#include <pthread.h>
#include <sched.h>

#include "test/ring.h"

#define RECORDS 300000u

static bool put(uint16_t type, uint32_t sequence, const void *payload, uint32_t length)
{
    void *place = ring_claim(&producer, length);
    if (place == NULL) {
        return false;
    }
    memcpy(place, payload, length);
    ring_commit(&producer, type, 7, sequence);
    return true;
}

static void records_arrive_in_order(void)
{
    set_up_ring();
    struct ring_record record;
    CHECK(put(3, 1, "abc", 3));
    CHECK(!ring_peek(&consumer, &record)); // nothing before publish
    CHECK(!ring_publish(&producer));       // nobody sleeps
    CHECK(ring_peek(&consumer, &record));
    CHECK_EQUAL(record.header.type, 3);
    CHECK_EQUAL(record.header.stream, 7);
    CHECK_EQUAL(record.header.sequence, 1);
    CHECK_EQUAL(record.header.length, 3);
    CHECK(memcmp(record.payload, "abc", 3) == 0);
    CHECK(ring_peek(&consumer, &record)); // the same, until advance
    ring_advance(&consumer);
    CHECK(!ring_peek(&consumer, &record));
}

static void full_ring_refuses(void)
{
    set_up_ring();
    uint32_t most = ring_payload_bytes_max(CAPACITY);
    CHECK(ring_claim(&producer, most + 1) == NULL);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(ring_claim(&producer, most) != NULL);
        ring_commit(&producer, 1, 0, i);
    }
    CHECK(ring_claim(&producer, 0) == NULL);
    CHECK_EQUAL(producer.full, 1);
    ring_publish(&producer);
    CHECK(ring_producer_try_sleep(&producer));
    struct ring_record record;
    CHECK(ring_peek(&consumer, &record));
    ring_advance(&consumer);
    CHECK(ring_claim(&producer, 0) == NULL); // read, but not freed
    CHECK(ring_free(&consumer));             // the producer sleeps
    CHECK(!ring_free(&consumer));            // and has been rung for
    CHECK(ring_claim(&producer, most) != NULL);
}

static void room_that_another_claim_has_seen_is_not_slept_over(void)
{
    set_up_ring();
    uint32_t most = ring_payload_bytes_max(CAPACITY);
    while (ring_claim(&producer, most) != NULL) {
        ring_commit(&producer, 1, 0, 0);
    }
    ring_publish(&producer);
    struct ring_record record;
    CHECK(ring_peek(&consumer, &record));
    ring_advance(&consumer);
    ring_free(&consumer);
    CHECK(ring_claim(&producer, 0) != NULL); // a shorter one finds it
    CHECK(!ring_producer_try_sleep(&producer));
    CHECK(ring_producer_try_sleep(&producer)); // nothing has been refused since
}

static void nothing_is_committed_without_a_claim(void)
{
    set_up_ring();
    CHECK(!ring_commit(&producer, 1, 0, 0));
    CHECK(ring_claim(&producer, 8) != NULL);
    ring_abort(&producer);
    CHECK(!ring_commit(&producer, 1, 0, 0));
    CHECK(ring_claim(&producer, 8) != NULL);
    CHECK(ring_claim(&producer, CAPACITY) == NULL); // refused, and with it the one before
    CHECK(!ring_commit(&producer, 1, 0, 0));
    CHECK(ring_claim(&producer, 8) != NULL);
    CHECK(ring_commit(&producer, 1, 0, 0));
    CHECK(!ring_commit(&producer, 1, 0, 0));
    CHECK_EQUAL(producer.records, 1);
    CHECK(!ring_publish(&producer));
    struct ring_record record;
    CHECK(ring_peek(&consumer, &record));
    ring_advance(&consumer);
    CHECK(!ring_peek(&consumer, &record));
    CHECK(!consumer.damaged);
}

// The consumer would take the end of the payload for the checksum.
static void ring_without_checksums_flags_none(void)
{
    set_up_ring();
    struct ring_record record;
    CHECK(ring_claim(&producer, 8) != NULL);
    CHECK(ring_commit_flagged(&producer, 1, CARILLON_RECORD_CHECKSUM | CARILLON_RECORD_MORE, 0, 0));
    ring_publish(&producer);
    CHECK(ring_peek(&consumer, &record));
    CHECK_EQUAL(record.header.flags, CARILLON_RECORD_MORE);
    CHECK_EQUAL(record.header.length, 8);
}

static void one_sleep_is_one_bell(void)
{
    set_up_ring();
    struct ring_record record;
    CHECK(ring_consumer_try_sleep(&consumer));
    CHECK(put(1, 0, "", 0));
    CHECK(ring_publish(&producer));
    CHECK(put(1, 1, "", 0));
    CHECK(!ring_publish(&producer));
    ring_consumer_wake(&consumer);
    while (ring_peek(&consumer, &record)) {
        ring_advance(&consumer);
    }
    ring_free(&consumer);
    CHECK(put(1, 2, "", 0));
    ring_publish(&producer);
    CHECK(!ring_consumer_try_sleep(&consumer)); // it came before the sleep
}

struct damage {
    const char *name;
    uint32_t tail;
    uint32_t length;
    uint16_t type;
};

// Read and not freed: a tail between what is freed and what is read is behind the reader.
static void tail_that_goes_back_is_found(void)
{
    struct ring_record record;
    set_up_ring();
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(put(1, i, "0123456789abcdef", 16));
    }
    ring_publish(&producer);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(ring_peek(&consumer, &record));
        ring_advance(&consumer);
    }
    CHECK(!ring_peek(&consumer, &record)); // a tail at the head is an empty ring
    CHECK(!consumer.damaged);
    memory.control.producer.tail = 32;
    CHECK(!ring_peek(&consumer, &record));
    CHECK(consumer.damaged);
    // What is read and not freed cannot have been written over: so far ahead is damage as well.
    consumer.damaged = false;
    memory.control.producer.tail = CAPACITY + 16;
    CHECK(!ring_peek(&consumer, &record));
    CHECK(consumer.damaged);
}

static void damage_is_found(void)
{
    static const struct damage damages[] = {
        {"tail too far ahead", CAPACITY + 16, 16, 1},
        {"tail behind", 0xfffffff0u, 16, 1},
        {"tail not aligned", 40, 16, 1},
        {"record longer than published", 64, 64, 1},
        {"record longer than allowed", CAPACITY, CAPACITY / 2, 1},
        {"length near 2^32", 64, 0xfffffff8u, 1},
        {"padding short of the end", 64, 16, CARILLON_COMMAND_PADDING},
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        set_up_ring();
        *(struct carillon_record_header *)memory.data =
            (struct carillon_record_header){.length = damages[i].length, .type = damages[i].type};
        memory.control.producer.tail = damages[i].tail;
        struct ring_record record;
        if (ring_peek(&consumer, &record) || !consumer.damaged) {
            check_failed(__FILE__, __LINE__, "not found: %s", damages[i].name);
        }
        ring_consumer_reset(&consumer);
        ring_producer_reset(&producer);
        CHECK(put(1, 5, "x", 1));
        ring_publish(&producer);
        CHECK(ring_peek(&consumer, &record));
    }
    tail_that_goes_back_is_found();
    set_up_ring();
    memory.control.consumer.head = 0x80000000u;
    static const unsigned char zeros[1000];
    while (put(1, 0, zeros, sizeof zeros)) {
    }
    CHECK(producer.damaged);
}

static uint32_t length_of(uint32_t sequence)
{
    return sequence * 2654435761u % 400u;
}

static void *produce(void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < RECORDS;) {
        uint32_t length = length_of(i);
        unsigned char *place = ring_claim(&producer, length);
        if (place == NULL) {
            CHECK(!producer.damaged);
            ring_publish(&producer);
            sched_yield();
            continue;
        }
        memset(place, (int)(i & 0xffu), length);
        ring_commit(&producer, 1, i, ~i);
        i++;
        if (i % 3 == 0) {
            ring_publish(&producer);
        }
    }
    ring_publish(&producer);
    return NULL;
}

static void two_threads_lose_nothing(void)
{
    set_up_ring();
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, produce, NULL), 0);
    struct ring_record record;
    for (uint32_t i = 0; i < RECORDS;) {
        if (!ring_peek(&consumer, &record)) {
            CHECK(!consumer.damaged);
            ring_free(&consumer);
            sched_yield();
            continue;
        }
        CHECK_EQUAL(record.header.stream, i);
        CHECK_EQUAL(record.header.sequence, ~i);
        CHECK_EQUAL(record.header.length, length_of(i));
        const unsigned char *payload = record.payload;
        for (uint32_t byte = 0; byte < record.header.length; byte++) {
            CHECK_EQUAL(payload[byte], i & 0xffu);
        }
        ring_advance(&consumer);
        i++;
        if (i % 7 == 0) {
            ring_free(&consumer);
        }
    }
    pthread_join(thread, NULL);
    CHECK(!ring_peek(&consumer, &record));
}

int main(void)
{
    records_arrive_in_order();
    full_ring_refuses();
    room_that_another_claim_has_seen_is_not_slept_over();
    nothing_is_committed_without_a_claim();
    ring_without_checksums_flags_none();
    one_sleep_is_one_bell();
    damage_is_found();
    two_threads_lose_nothing();
    return 0;
}
