// The rings between threads, with payloads that are written and read: what the thread sanitizer looks
// at. A doorbell orders what is before and behind it, and would hide what the ring itself does not order;
// so each ring runs with doorbells and without.
#include "core/mpsc_ring.h"
#include "core/spsc_ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/atomic.h"
#include "test/check.h"

#define CAPACITY CARILLON_RING_CAPACITY_MIN
#define RECORDS 20000u // of each producer
#define PRODUCERS 3u
#define LENGTH_MAX 400u

// Without a record for so long, however busy the machine is, a bell was lost: the alarm ends the test.
#define STALLED_S 60u
#define RECORDS_PER_ALARM 256u

static void note_progress(uint32_t records)
{
    if (records % RECORDS_PER_ALARM == 0) {
        alarm(STALLED_S);
    }
}

// A doorbell each, where they sleep.
static struct {
    bool sleeps;
    int producer;
    int consumer;
} doorbells;

static void ring_bell(int doorbell)
{
    uint64_t one = 1;
    CHECK_EQUAL(write(doorbell, &one, sizeof one), sizeof one);
}

static void sleep_for_bell(int doorbell)
{
    uint64_t bells;
    CHECK_EQUAL(read(doorbell, &bells, sizeof bells), sizeof bells);
}

static uint32_t length_of(uint32_t sequence)
{
    return sequence * 2654435761u % (LENGTH_MAX + 1u);
}

static void fill(unsigned char *payload, uint32_t sequence)
{
    memset(payload, (int)(sequence & 0xffu), length_of(sequence));
}

static void check(const unsigned char *payload, uint32_t length, uint32_t sequence)
{
    CHECK_EQUAL(length, length_of(sequence));
    for (uint32_t i = 0; i < length; i++) {
        CHECK_EQUAL(payload[i], sequence & 0xffu);
    }
}

static struct {
    struct carillon_ring_control control;
    unsigned char data[CAPACITY];
} spsc;

static void show_records(struct ring_producer *ring)
{
    if (ring_publish(ring) && doorbells.sleeps) {
        ring_bell(doorbells.consumer);
    }
}

static void wait_for_room(struct ring_producer *ring)
{
    show_records(ring);
    if (!doorbells.sleeps) {
        sched_yield();
    } else if (ring_producer_try_sleep(ring)) {
        sleep_for_bell(doorbells.producer);
        ring_producer_wake(ring);
    }
}

static void *produce_alone(void *argument)
{
    struct ring_producer *ring = argument;
    for (uint32_t i = 0; i < RECORDS; i++) {
        void *payload;
        while ((payload = ring_claim(ring, length_of(i))) == NULL) {
            CHECK(!ring->damaged);
            wait_for_room(ring);
        }
        fill(payload, i);
        ring_commit(ring, 1, 0, i);
        if (i % 5 == 0) {
            show_records(ring);
        }
    }
    show_records(ring);
    return NULL;
}

static void give_room(struct ring_consumer *ring)
{
    if (ring_free(ring) && doorbells.sleeps) {
        ring_bell(doorbells.producer);
    }
}

static void wait_for_record(struct ring_consumer *ring)
{
    CHECK(!ring->damaged);
    give_room(ring);
    if (!doorbells.sleeps) {
        sched_yield();
    } else if (ring_consumer_try_sleep(ring)) {
        sleep_for_bell(doorbells.consumer);
        ring_consumer_wake(ring);
    }
}

static void one_producer(void)
{
    struct ring_producer producer;
    struct ring_consumer consumer;
    struct ring_record record;
    pthread_t thread;
    ring_producer_bind(&producer, &spsc.control, CAPACITY);
    ring_consumer_bind(&consumer, &spsc.control, CAPACITY);
    ring_producer_reset(&producer);
    ring_consumer_reset(&consumer);
    CHECK_EQUAL(pthread_create(&thread, NULL, produce_alone, &producer), 0);
    for (uint32_t i = 0; i < RECORDS; i++) {
        while (!ring_peek(&consumer, &record)) {
            wait_for_record(&consumer);
        }
        note_progress(i);
        CHECK_EQUAL(record.header.sequence, i);
        check(record.payload, record.header.length, i);
        ring_advance(&consumer);
        if (i % 3 == 0) {
            give_room(&consumer);
        }
    }
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
}

static struct {
    struct carillon_mpsc_control control;
    uint32_t marks[CAPACITY / CARILLON_MPSC_SLOT_BYTES];
    unsigned char data[CAPACITY];
} mpsc;

static void ring_if_asleep(struct mpsc_producer *ring)
{
    if (mpsc_should_ring(ring) && doorbells.sleeps) {
        ring_bell(doorbells.consumer);
    }
}

// Where each producer has left a claim when it ended; no position before.
#define NOWHERE 1u
static uint32_t left_at[PRODUCERS];

static void claim(struct mpsc_producer *ring, uint32_t sequence)
{
    void *payload;
    while ((payload = mpsc_claim(ring, length_of(sequence))) == NULL) {
        CHECK(!ring->damaged);
        sched_yield();
    }
    fill(payload, sequence);
}

// Now and then it gives a claim back, and it ends in the middle of one.
static void *produce(void *argument)
{
    uint32_t index = *(const uint32_t *)argument;
    struct mpsc_producer ring;
    CHECK(mpsc_producer_bind(&ring, &mpsc.control, CAPACITY));
    for (uint32_t i = 0; i < RECORDS; i++) {
        if (i % 11 == 0) {
            claim(&ring, i);
            mpsc_abort(&ring);
            ring_if_asleep(&ring);
        }
        claim(&ring, i);
        CHECK(mpsc_commit(&ring, i * PRODUCERS + index));
        ring_if_asleep(&ring);
    }
    claim(&ring, RECORDS);
    store_release(&left_at[index], ring.claimed_at);
    if (doorbells.sleeps) {
        ring_bell(doorbells.consumer);
    }
    return NULL;
}

// What is only reserved may be given up at any time: its producer begins anew. A claim may be once its
// producer has ended.
static bool may_unblock(uint32_t at)
{
    bool may = at % CARILLON_MPSC_SLOT_BYTES == CARILLON_MPSC_EMPTY;
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        may = may || at == (load_acquire(&left_at[i]) | CARILLON_MPSC_CLAIMED);
    }
    return may;
}

static void wait_for_message(struct mpsc_consumer *ring)
{
    uint32_t at;
    CHECK(!ring->damaged);
    mpsc_free(ring);
    if (mpsc_is_blocked(ring, &at) && may_unblock(at)) {
        mpsc_unblock(ring, at);
    } else if (!doorbells.sleeps) {
        sched_yield();
    } else if (mpsc_try_sleep(ring)) {
        sleep_for_bell(doorbells.consumer);
        mpsc_wake(ring);
    }
}

static void take(const struct mpsc_record *record, uint32_t received[PRODUCERS])
{
    uint32_t index = record->type % PRODUCERS;
    CHECK_EQUAL(record->type / PRODUCERS, received[index]);
    check(record->payload, record->length, received[index]++);
}

static void many_producers(void)
{
    struct mpsc_consumer consumer;
    struct mpsc_record record;
    pthread_t threads[PRODUCERS];
    uint32_t indices[PRODUCERS];
    uint32_t received[PRODUCERS] = {0};
    mpsc_format(&mpsc.control, CAPACITY, 0u - 20u * CAPACITY);
    CHECK(mpsc_consumer_bind(&consumer, &mpsc.control, CAPACITY));
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        indices[i] = i;
        left_at[i] = NOWHERE;
        CHECK_EQUAL(pthread_create(&threads[i], NULL, produce, &indices[i]), 0);
    }
    for (uint32_t count = 0; count < PRODUCERS * RECORDS;) {
        if (!mpsc_peek(&consumer, &record)) {
            wait_for_message(&consumer);
            continue;
        }
        note_progress(count);
        take(&record, received);
        mpsc_advance(&consumer);
        if (++count % 7 == 0) {
            mpsc_free(&consumer);
        }
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    }
    for (uint32_t at; mpsc_is_blocked(&consumer, &at);) {
        CHECK(may_unblock(at));
        CHECK(mpsc_unblock(&consumer, at));
        CHECK(!mpsc_peek(&consumer, &record));
    }
    mpsc_free(&consumer);
    CHECK_EQUAL(consumer.head, mpsc.control.producers.tail);
    CHECK_EQUAL(mpsc.control.counters.refused, 0);
}

int main(void)
{
    doorbells.producer = eventfd(0, 0);
    doorbells.consumer = eventfd(0, 0);
    CHECK(doorbells.producer >= 0 && doorbells.consumer >= 0);
    alarm(STALLED_S);
    one_producer();
    many_producers();
    doorbells.sleeps = true;
    one_producer();
    many_producers();
    return 0;
}
