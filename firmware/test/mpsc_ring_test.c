// The ring of many producers between threads, at its limits, with producers that die, and with what
// a damaged memory holds.
#include "core/mpsc_ring.h"

#include <pthread.h>
#include <sched.h>

#include "test/check.h"

#define CAPACITY CARILLON_RING_CAPACITY_MIN
#define SLOT CARILLON_MPSC_SLOT_BYTES
#define SLOTS (CAPACITY / SLOT)
#define PRODUCERS 4u
#define RECORDS 100000u // of each producer

static struct {
    struct carillon_mpsc_control control;
    uint32_t marks[SLOTS];
    unsigned char data[CAPACITY];
} memory;

static struct mpsc_producer producer;
static struct mpsc_producer other;
static struct mpsc_consumer consumer;

static void set_up(uint32_t position)
{
    CHECK_EQUAL(sizeof memory, mpsc_ring_bytes(CAPACITY));
    memset(&memory, 0xa5, sizeof memory);
    CHECK(!mpsc_producer_bind(&producer, &memory.control, CAPACITY)); // not formatted
    mpsc_format(&memory.control, CAPACITY, position);
    CHECK(mpsc_producer_bind(&producer, &memory.control, CAPACITY));
    CHECK(mpsc_producer_bind(&other, &memory.control, CAPACITY));
    CHECK(mpsc_consumer_bind(&consumer, &memory.control, CAPACITY));
    CHECK(!mpsc_consumer_bind(&(struct mpsc_consumer){0}, &memory.control, 2 * CAPACITY));
}

static bool put(uint32_t type, const void *payload, uint32_t length)
{
    void *place = mpsc_claim(&producer, length);
    if (place == NULL) {
        return false;
    }
    memcpy(place, payload, length);
    return mpsc_commit(&producer, type);
}

static uint32_t fill(void)
{
    uint32_t count = 0;
    while (put(count, "", 0)) {
        count++;
    }
    CHECK(!producer.damaged);
    return count;
}

// Reads all that is there, which must be of the types from 0 on.
static uint32_t drain(void)
{
    struct mpsc_record record;
    uint32_t count = 0;
    while (mpsc_peek(&consumer, &record)) {
        CHECK_EQUAL(record.type, count++);
        mpsc_advance(&consumer);
    }
    CHECK(!consumer.damaged);
    mpsc_free(&consumer);
    return count;
}

static void unblock(void)
{
    uint32_t at;
    CHECK(mpsc_is_blocked(&consumer, &at));
    CHECK(mpsc_unblock(&consumer, at));
    CHECK(!mpsc_unblock(&consumer, at));
}

static void reserve_and_die(uint32_t bytes)
{
    memory.control.producers.tail += bytes;
}

static void records_arrive_in_the_order_of_claims(void)
{
    set_up(0);
    struct mpsc_record record;
    uint32_t at;
    CHECK(mpsc_claim(&other, 3) != NULL);
    CHECK(mpsc_claim(&other, 3) == NULL); // one at a time
    CHECK(put(7, "abc", 3));
    CHECK(!mpsc_peek(&consumer, &record)); // what was claimed before it is not committed
    CHECK(mpsc_is_blocked(&consumer, &at));
    CHECK(mpsc_commit(&other, 6));
    CHECK(!mpsc_commit(&other, 6));
    CHECK(mpsc_peek(&consumer, &record));
    CHECK_EQUAL(record.type, 6);
    mpsc_advance(&consumer);
    CHECK(mpsc_peek(&consumer, &record));
    CHECK_EQUAL(record.type, 7);
    CHECK_EQUAL(record.length, 3);
    CHECK(memcmp(record.payload, "abc", 3) == 0);
    mpsc_advance(&consumer);
    CHECK(mpsc_claim(&other, 100) != NULL);
    mpsc_abort(&other);
    CHECK(!mpsc_peek(&consumer, &record));
    mpsc_free(&consumer);
    CHECK_EQUAL(memory.control.consumer.head, memory.control.producers.tail);
}

static void full_ring_refuses_and_takes_as_much_again(void)
{
    set_up(0);
    CHECK(mpsc_claim(&producer, mpsc_message_bytes_max(CAPACITY) + 1) == NULL);
    for (uint32_t round = 1; round <= 1000; round++) {
        CHECK_EQUAL(fill(), SLOTS);
        CHECK_EQUAL(memory.control.counters.full, round);
        CHECK_EQUAL(drain(), SLOTS);
    }
}

static void the_longest_message_fits_anywhere(void)
{
    static const unsigned char zeros[CAPACITY];
    set_up(0u - 5 * SLOT);
    for (uint32_t round = 0; round < SLOTS; round++) {
        CHECK(put(0, zeros, mpsc_message_bytes_max(CAPACITY)));
        CHECK(put(1, "", 0));
        CHECK_EQUAL(drain(), 2);
    }
}

// Before and after 2^32, and at the end of the data.
static void dead_producers_are_unblocked(uint32_t position)
{
    set_up(position);
    CHECK(mpsc_claim(&other, 48) != NULL);
    CHECK_EQUAL(fill(), SLOTS - 1);
    CHECK_EQUAL(drain(), 0);
    unblock(); // a claim, in a full ring
    CHECK_EQUAL(drain(), SLOTS - 1);
    CHECK(!mpsc_commit(&other, 99));
    CHECK_EQUAL(memory.control.counters.refused, 1);

    reserve_and_die(7 * SLOT);
    CHECK_EQUAL(fill(), SLOTS - 7);
    CHECK_EQUAL(drain(), 0);
    unblock(); // reserved only, in a full ring
    CHECK_EQUAL(drain(), SLOTS - 7);

    reserve_and_die(CAPACITY);
    CHECK_EQUAL(fill(), 0);
    unblock(); // nothing but the dead
    CHECK_EQUAL(drain(), 0);
    CHECK_EQUAL(fill(), SLOTS);
    CHECK_EQUAL(consumer.unblocked, 3);
}

static void late_commit_leaves_the_next_lap_alone(void)
{
    set_up(0);
    CHECK(mpsc_claim(&other, 0) != NULL);
    unblock();
    CHECK_EQUAL(drain(), 0);
    CHECK_EQUAL(fill(), SLOTS); // the last at the same place
    CHECK(!mpsc_commit(&other, 99));
    CHECK_EQUAL(drain(), SLOTS);
}

// A producer that comes a lap late looks for the mark that it knows, at a place that lies inside of a
// longer record by now: whatever that record holds, also a whole payload of such marks.
static void payload_is_never_taken_for_a_mark(void)
{
    enum { CLAIMED_THERE = 1u << 2 | CARILLON_MPSC_CLAIMED, LENGTH = 4 * SLOT - 16 };
    uint32_t payload[LENGTH / 4];
    for (uint32_t i = 0; i < LENGTH / 4; i++) {
        payload[i] = CLAIMED_THERE;
    }
    set_up(0);
    CHECK(put(0, "", 0));
    CHECK(mpsc_claim(&other, 0) != NULL);
    CHECK_EQUAL(drain(), 1);
    unblock();
    CHECK_EQUAL(drain(), 0);
    for (uint32_t slot = 2; slot < SLOTS; slot++) {
        CHECK(put(0, "", 0));
        CHECK_EQUAL(drain(), 1);
    }
    CHECK(put(7, payload, LENGTH));
    CHECK(!mpsc_commit(&other, 999));
    struct mpsc_record record;
    CHECK(mpsc_peek(&consumer, &record));
    CHECK_EQUAL(record.type, 7);
    CHECK_EQUAL(record.length, LENGTH);
    CHECK(memcmp(record.payload, payload, LENGTH) == 0);
}

static void abort_is_rung_for(void)
{
    set_up(0);
    CHECK(mpsc_claim(&other, 0) != NULL);
    CHECK(put(1, "", 0));
    CHECK(mpsc_try_sleep(&consumer)); // blocked
    mpsc_abort(&other);
    CHECK(mpsc_should_ring(&other));
    mpsc_wake(&consumer);
    CHECK(!mpsc_try_sleep(&consumer));
}

static void one_sleep_is_one_bell_of_each(void)
{
    set_up(0);
    CHECK(mpsc_try_sleep(&consumer));
    CHECK(put(0, "", 0));
    CHECK(mpsc_should_ring(&producer));
    CHECK(!mpsc_should_ring(&producer));
    CHECK(mpsc_should_ring(&other));
    mpsc_wake(&consumer);
    CHECK(!mpsc_try_sleep(&consumer)); // it came before the sleep
    CHECK_EQUAL(drain(), 1);
    CHECK(mpsc_consumer_bind(&consumer, &memory.control, CAPACITY));
    CHECK(mpsc_try_sleep(&consumer));
    CHECK(mpsc_should_ring(&producer)); // a number that the last consumer did not use
    mpsc_beat(&consumer);
    CHECK_EQUAL(memory.control.consumer.heartbeat, 1);
}

// A number that a producer has answered already would not be rung for.
static void sleeps_wrap_without_a_number_twice(void)
{
    set_up(0);
    memory.control.consumer.sleeps = UINT32_MAX - 2u;
    for (uint32_t sleep = 0; sleep < 6; sleep++) {
        CHECK(mpsc_consumer_bind(&consumer, &memory.control, CAPACITY));
        CHECK(mpsc_try_sleep(&consumer));
        CHECK(put(0, "", 0));
        CHECK(mpsc_should_ring(&producer));
        mpsc_wake(&consumer);
        CHECK_EQUAL(drain(), 1);
    }
}

struct damage {
    const char *name;
    uint32_t mark;
    uint32_t length;
    uint32_t tail;
};

static void damage_is_found(void)
{
    enum { PUBLISHED = CARILLON_MPSC_PUBLISHED, PADDING = CARILLON_MPSC_PADDING };
    static const struct damage damages[] = {
        {"another lap", CAPACITY | 1u << 2 | PUBLISHED, 0, SLOT},
        {"a free slot of another lap", CAPACITY, 0, SLOT},
        {"no slots", PUBLISHED, 0, SLOT},
        {"longer than allowed", (SLOTS / 4 + 1) << 2 | PUBLISHED, 0, CAPACITY},
        {"longer than reserved", 2u << 2 | PUBLISHED, 100, SLOT},
        {"padding longer than reserved", 2u << 2 | PADDING, 0, SLOT},
        {"payload longer than its record", 1u << 2 | PUBLISHED, 49, SLOT},
        {"payload near 2^32", 1u << 2 | PUBLISHED, 0xfffffff8u, SLOT},
        {"tail behind", 1u << 2 | PUBLISHED, 0, 0u - SLOT},
        {"tail too far ahead", 1u << 2 | PUBLISHED, 0, CAPACITY + SLOT},
        {"tail between slots", 1u << 2 | PUBLISHED, 0, SLOT + 2},
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        set_up(0);
        struct carillon_mpsc_record_header *header = (void *)memory.data;
        memory.marks[0] = damages[i].mark;
        header->length = damages[i].length;
        memory.control.producers.tail = damages[i].tail;
        struct mpsc_record record;
        if (mpsc_peek(&consumer, &record) || !consumer.damaged) {
            check_failed(__FILE__, __LINE__, "not found: %s", damages[i].name);
        }
        CHECK(!mpsc_unblock(&consumer, 0));
    }
    set_up(0);
    memory.control.consumer.head = SLOT;
    CHECK(!put(0, "", 0));
    CHECK(producer.damaged);
}

static uint32_t length_of(uint32_t producer_index, uint32_t sequence)
{
    return (sequence + producer_index) * 2654435761u % 400u;
}

static void *produce(void *argument)
{
    uint32_t index = *(const uint32_t *)argument;
    struct mpsc_producer ring;
    CHECK(mpsc_producer_bind(&ring, &memory.control, CAPACITY));
    for (uint32_t i = 0; i < RECORDS;) {
        uint32_t length = length_of(index, i);
        unsigned char *place = mpsc_claim(&ring, length);
        if (place == NULL) {
            CHECK(!ring.damaged);
            sched_yield();
            continue;
        }
        memset(place, (int)((i + index) & 0xffu), length);
        CHECK(mpsc_commit(&ring, i * PRODUCERS + index));
        i++;
    }
    return NULL;
}

// With `seals`, what is reserved and not yet marked is given up whenever it is seen: living
// producers begin anew.
static void threads_lose_nothing(bool seals)
{
    set_up(0u - 100 * CAPACITY);
    pthread_t threads[PRODUCERS];
    uint32_t indices[PRODUCERS];
    uint32_t received[PRODUCERS] = {0};
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        indices[i] = i;
        CHECK_EQUAL(pthread_create(&threads[i], NULL, produce, &indices[i]), 0);
    }
    struct mpsc_record record;
    for (uint32_t count = 0; count < PRODUCERS * RECORDS;) {
        if (!mpsc_peek(&consumer, &record)) {
            CHECK(!consumer.damaged);
            mpsc_free(&consumer);
            uint32_t at;
            if (seals && mpsc_is_blocked(&consumer, &at) && at == consumer.head) {
                mpsc_unblock(&consumer, at);
            } else {
                sched_yield();
            }
            continue;
        }
        uint32_t index = record.type % PRODUCERS;
        uint32_t sequence = record.type / PRODUCERS;
        CHECK_EQUAL(sequence, received[index]++);
        CHECK_EQUAL(record.length, length_of(index, sequence));
        const unsigned char *payload = record.payload;
        for (uint32_t byte = 0; byte < record.length; byte++) {
            CHECK_EQUAL(payload[byte], (sequence + index) & 0xffu);
        }
        mpsc_advance(&consumer);
        if (++count % 7 == 0) {
            mpsc_free(&consumer);
        }
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQUAL(drain(), 0);
    CHECK_EQUAL(memory.control.counters.refused, 0);
    CHECK_EQUAL(fill(), SLOTS);
}

int main(void)
{
    records_arrive_in_the_order_of_claims();
    full_ring_refuses_and_takes_as_much_again();
    the_longest_message_fits_anywhere();
    dead_producers_are_unblocked(0);
    dead_producers_are_unblocked(CAPACITY - 3 * SLOT);
    dead_producers_are_unblocked(0u - 3 * SLOT);
    late_commit_leaves_the_next_lap_alone();
    payload_is_never_taken_for_a_mark();
    abort_is_rung_for();
    one_sleep_is_one_bell_of_each();
    sleeps_wrap_without_a_number_twice();
    damage_is_found();
    threads_lose_nothing(false);
    threads_lose_nothing(true);
    return 0;
}
