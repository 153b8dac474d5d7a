// Two threads that really sleep: each polls its doorbell without a timeout whenever its ring says
// that it may. A bell that is lost leaves both asleep, and the alarm ends the test.
#include "core/spsc_ring.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "test/check.h"

#define CAPACITY CARILLON_RING_CAPACITY_MIN

// How long each of the three traffics runs: tens of thousands of sleeps.
#define RUN_MS 700u

// All of them take two seconds; only a lost bell takes ten times that.
#define STALLED_S 20u

enum { MESSAGE = 1, END = 2 };

struct ring_memory {
    struct carillon_ring_control control;
    unsigned char data[CAPACITY];
};

static struct ring_memory there;
static struct ring_memory back;

// One thread with its ends of the two rings.
struct side {
    struct ring_producer out;
    struct ring_consumer in;
    int doorbell;
    uint32_t sent;
    uint32_t received;
    uint32_t sleeps;
    uint32_t seed;
    bool ended;
};

static struct side near;
static struct side far;

static const char *traffic;

static void stalled(int signal)
{
    (void)signal;
    static const char message[] = ": both sides sleep: a bell was lost\n";
    (void)!write(STDERR_FILENO, traffic, strlen(traffic));
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(1);
}

static void ring_other(const struct side *side)
{
    (void)!send(side->doorbell, "", 1, MSG_DONTWAIT);
}

static void sleep_for_bell(struct side *side)
{
    struct pollfd pollfd = {.fd = side->doorbell, .events = POLLIN};
    char bells[256];
    side->sleeps++;
    CHECK_EQUAL(poll(&pollfd, 1, -1), 1);
    CHECK(recv(side->doorbell, bells, sizeof bells, 0) > 0);
}

static void show(struct side *side)
{
    bool records = ring_publish(&side->out);
    bool room = ring_free(&side->in);
    if (records || room) {
        ring_other(side);
    }
}

static void sleep_for_record(struct side *side)
{
    show(side);
    if (ring_consumer_try_sleep(&side->in)) {
        sleep_for_bell(side);
        ring_consumer_wake(&side->in);
    }
}

static void sleep_for_room(struct side *side)
{
    show(side);
    if (ring_producer_try_sleep(&side->out)) {
        sleep_for_bell(side);
        ring_producer_wake(&side->out);
    }
}

static void sleep_for_either(struct side *side)
{
    show(side);
    if (ring_producer_try_sleep(&side->out)) {
        if (ring_consumer_try_sleep(&side->in)) {
            sleep_for_bell(side);
            ring_consumer_wake(&side->in);
        }
        ring_producer_wake(&side->out);
    }
}

static bool put(struct side *side, uint16_t type, uint32_t length)
{
    if (ring_claim(&side->out, length) == NULL) {
        CHECK(!side->out.damaged);
        return false;
    }
    ring_commit(&side->out, type, length, side->sent++);
    return true;
}

static void put_end(struct side *side)
{
    while (!put(side, END, 0)) {
        sleep_for_room(side);
    }
    show(side);
}

// Takes the next record, where there is one.
static bool take(struct side *side, struct ring_record *record)
{
    if (!ring_peek(&side->in, record)) {
        CHECK(!side->in.damaged);
        return false;
    }
    CHECK_EQUAL(record->header.sequence, side->received++);
    CHECK_EQUAL(record->header.length, record->header.stream);
    side->ended = record->header.type == END;
    ring_advance(&side->in);
    return true;
}

static bool time_is_over(void)
{
    static struct timespec start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (near.sent == 0) {
        start = now;
    }
    long long ms = (now.tv_sec - start.tv_sec) * 1000LL + (now.tv_nsec - start.tv_nsec) / 1000000;
    return ms >= RUN_MS;
}

// How often to look before a sleep, at random: the sleep then begins at any moment of what the
// other side does, also at the very moment that it stores what is waited for.
static uint32_t random_looks(struct side *side, uint32_t below)
{
    side->seed = side->seed * 1664525u + 1013904223u;
    return (side->seed >> 8) % below;
}

// Answers every message with one of its length, as a core does.
static void *echo(void *unused)
{
    (void)unused;
    struct ring_record record;
    uint32_t looks = 0;
    while (!far.ended) {
        if (!take(&far, &record)) {
            show(&far);
            if (looks == 0) {
                sleep_for_record(&far);
            } else {
                looks--;
            }
            continue;
        }
        looks = random_looks(&far, 64);
        while (!put(&far, MESSAGE, record.header.length)) {
            sleep_for_room(&far);
        }
    }
    show(&far);
    return NULL;
}

// Gives all room back at once, and then sleeps: who is just about to sleep for room is not rung for
// again by a next record.
static void *swallow(void *unused)
{
    (void)unused;
    struct ring_record record;
    while (!far.ended) {
        if (!take(&far, &record)) {
            sleep_for_record(&far);
        }
    }
    show(&far);
    return NULL;
}

// One message under way at a time: both sides sleep for each.
static void ping_pong(void)
{
    struct ring_record record;
    while (!time_is_over()) {
        // Between an answer and the next message the other side falls asleep.
        for (uint32_t looks = random_looks(&near, 64); looks > 0; looks--) {
            CHECK(!take(&near, &record));
        }
        CHECK(put(&near, MESSAGE, 16));
        show(&near);
        uint32_t looks = random_looks(&near, 5000);
        while (!take(&near, &record)) {
            if (looks > 0) {
                looks--;
            } else {
                sleep_for_record(&near);
            }
        }
    }
}

// More than both rings hold: each side is full, empty, and full again.
static void bursts(void)
{
    struct ring_record record;
    for (uint32_t burst = 1; !time_is_over(); burst = burst % 97 + 1) {
        uint32_t end = near.sent + burst;
        uint32_t length = burst * 37 % 1000;
        while (near.received != end) {
            bool worked = near.sent != end && put(&near, MESSAGE, length);
            while (take(&near, &record)) {
                worked = true;
            }
            if (!worked && near.sent != end) {
                sleep_for_either(&near);
            } else if (!worked) {
                sleep_for_record(&near);
            }
        }
    }
}

// One way only: a side sleeps for room, the other for records.
static void full_ring(void)
{
    while (!time_is_over()) {
        uint32_t looks = random_looks(&near, 5000);
        while (!put(&near, MESSAGE, 4000)) {
            if (looks > 0) {
                looks--;
                show(&near);
            } else {
                sleep_for_room(&near);
            }
        }
    }
}

static void set_up(struct side *side, struct ring_memory *out, struct ring_memory *in, int doorbell)
{
    *side = (struct side){.doorbell = doorbell};
    ring_producer_bind(&side->out, &out->control, CAPACITY);
    ring_consumer_bind(&side->in, &in->control, CAPACITY);
    ring_producer_reset(&side->out);
    ring_consumer_reset(&side->in);
}

static void run(const char *name, void (*drive)(void), void *(*answer)(void *))
{
    int doorbells[2];
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, doorbells), 0);
    set_up(&near, &there, &back, doorbells[0]);
    set_up(&far, &back, &there, doorbells[1]);
    traffic = name;
    alarm(STALLED_S);
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, answer, NULL), 0);
    drive();
    put_end(&near);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    alarm(0);
    CHECK_EQUAL(far.received, near.sent);
    // A test in which nobody sleeps shows nothing.
    CHECK(near.sleeps > 100);
    CHECK(far.sleeps > 100);
    close(doorbells[0]);
    close(doorbells[1]);
}

int main(void)
{
    signal(SIGALRM, stalled);
    run("ping-pong", ping_pong, echo);
    run("bursts", bursts, echo);
    run("a full ring", full_ring, swallow);
    return 0;
}
