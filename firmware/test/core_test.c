// A core and a host in one thread: the host acts whenever the core waits or rings, and time passes
// only where the test says so.
#include "test/region.h"

#define START_US 5000000u

// What a scenario sees of the core.
static struct {
    struct ring_producer out;
    struct ring_consumer in;
    uint64_t now_us;
    uint32_t waits;        // since the link
    uint32_t idle;         // waits without one
    bool linked;
    uint32_t records;      // received, and the samples among them
    uint32_t blocks;
    struct ring_record last;
    struct carillon_failure failure;
    uint32_t sessions;     // after the first
    uint32_t looks;        // of a core that polls, that found nothing
} host;

static void (*scenario)(uint32_t waits); // one step for each wait of a linked core

static void send(uint16_t type, uint32_t sequence, const void *payload, uint32_t length)
{
    void *place = ring_claim(&host.out, length);
    CHECK(place != NULL);
    memcpy(place, payload, length);
    ring_commit(&host.out, type, 0, sequence);
    ring_publish(&host.out);
}

static void read_records(void)
{
    while (ring_peek(&host.in, &host.last)) {
        host.records++;
        host.blocks += host.last.header.type == CARILLON_EVENT_SAMPLES ? 1 : 0;
        if (host.last.header.type == CARILLON_EVENT_FAILED) {
            memcpy(&host.failure, host.last.payload, sizeof host.failure);
        }
        CHECK(status()->blocks >= host.blocks); // the counters are not behind what is read
        ring_advance(&host.in);
    }
    CHECK(!host.in.damaged);
    ring_free(&host.in);
    ring_consumer_try_sleep(&host.in);
}

static void follow(void)
{
    struct carillon_core_control *control = &region.shared.control[0];
    if (status()->boot != control->boot) {
        CHECK_EQUAL(status()->blocks, 0);
        CHECK_EQUAL(status()->streams, 0);
        CHECK_EQUAL(status()->damaged, 0);
        ring_producer_reset(&host.out);
        ring_consumer_reset(&host.in);
        control->boot = status()->boot;
        control->link = 1;
    }
    host.linked = status()->link == 1;
}

static uint64_t now_us(void *context)
{
    (void)context;
    return host.now_us;
}

static void ring_host(void *context)
{
    (void)context;
    follow();
    if (host.linked) {
        read_records();
    }
}

static uint32_t looks_at_stack;

static uint32_t stack_used(void *context)
{
    (void)context;
    return 1000u + ++looks_at_stack;
}

static bool wait_for_bell(void *context, uint32_t timeout_us)
{
    (void)timeout_us;
    ring_host(context);
    if (host.linked) {
        scenario(host.waits++);
    } else {
        host.idle++;
    }
    CHECK(host.waits < 100 && host.idle < 100);
    return true;
}

static void run_on(const struct port *port, void (*steps)(uint32_t waits))
{
    set_up_region(port);
    memset(&host, 0, sizeof host);
    // As a core leaves it that was killed.
    *status() = (struct carillon_core_status){
        .boot = 3, .session = SESSION, .blocks = 1000000, .streams = 5, .damaged = 2};
    region.shared.control[0].boot = 3;
    ring_producer_bind(&host.out, &region.to_control, CAPACITY);
    ring_consumer_bind(&host.in, &region.from_control, CAPACITY);
    host.now_us = START_US;
    scenario = steps;
    core_run(&core);
    CHECK_EQUAL(status()->state, CARILLON_CORE_STOPPED);
    CHECK_EQUAL(status()->link, 0);
    CHECK_EQUAL(status()->boot, 4 + host.sessions);
}

static void run(void (*steps)(uint32_t waits))
{
    static const struct port port = {.now_us = now_us,
                                     .wait = wait_for_bell,
                                     .ring = ring_host,
                                     .stack_bytes = 4096,
                                     .stack_used = stack_used};
    run_on(&port, steps);
}

static void open_stream(struct carillon_open_stream open)
{
    send(CARILLON_COMMAND_OPEN, 0, &open, sizeof open);
    send(CARILLON_COMMAND_START, 0, "", 0);
}

static void counters_are_shown_before_the_bell(uint32_t waits)
{
    static const float block[16];
    static uint32_t heartbeat;
    if (waits == 0) {
        open_stream((struct carillon_open_stream){.sample_rate_hz = 48000, .channels = 1});
        heartbeat = status()->heartbeat;
        for (uint32_t i = 0; i < 20; i++) {
            send(CARILLON_COMMAND_SAMPLES, i, block, sizeof block);
        }
    } else if (waits == 1) {
        CHECK_EQUAL(host.blocks, 20);
        CHECK_EQUAL(status()->blocks, 20);
        // All in one turn, and yet it moved after each.
        CHECK(status()->heartbeat - heartbeat >= 22);
        send(CARILLON_COMMAND_STOP, 0, "", 0);
    }
}

static void blocks_that_come_too_late_are_counted_and_missing(uint32_t waits)
{
    static const struct carillon_open_stream open = {.sample_rate_hz = 48000,
                                                     .channels = 1,
                                                     .flags = CARILLON_STREAM_FREE_RUNNING,
                                                     .block_frames = 48};
    switch (waits) {
    case 0:
        open_stream(open);
        break;
    case 1:
        CHECK_EQUAL(host.blocks, 1);
        host.now_us += 100000; // block 1 is 99 ms late: still made, and all after it
        break;
    case 2: // the ring was full before the last of them
    case 3:
        break;
    case 4:
        CHECK_EQUAL(host.last.header.sequence + core.overruns, 100);
        host.now_us = START_US + 1000500; // 900 ms late
        core.overruns = 0;
        break;
    case 5:
        CHECK_EQUAL(host.last.header.sequence, 1000);
        CHECK_EQUAL(status()->overruns, 899); // 101 to 999
        host.now_us = START_US + 1000999;
        break;
    case 6:
        CHECK_EQUAL(host.last.header.sequence, 1000);
        host.now_us = START_US + 1001000; // to the microsecond as if nothing had been late
        break;
    default:
        CHECK_EQUAL(host.last.header.sequence, 1001);
        send(CARILLON_COMMAND_STOP, 0, "", 0);
    }
}

// 127 frames of 8 channels are 4,064 bytes; a record of this ring holds 4,080.
static void a_block_that_never_fits_is_refused(uint32_t waits)
{
    struct carillon_open_stream open = {.sample_rate_hz = 48000,
                                        .channels = 8,
                                        .flags = CARILLON_STREAM_FREE_RUNNING,
                                        .block_frames = 128};
    if (waits == 0) {
        open_stream(open);
    } else if (waits == 1) {
        CHECK_EQUAL(host.last.header.type, CARILLON_EVENT_FAILED);
        CHECK_EQUAL(host.failure.status, CARILLON_STATUS_FORMAT);
        CHECK_EQUAL(status()->streams, 0);
        open.block_frames = 127;
        open_stream(open);
    } else if (waits == 2) {
        CHECK_EQUAL(host.last.header.type, CARILLON_EVENT_SAMPLES);
        CHECK_EQUAL(host.last.header.length, 4064);
        // Without a clock of its own a block may be as large as the host can send.
        send(CARILLON_COMMAND_CLOSE, 0, "", 0);
        open.flags = 0;
        open.block_frames = 0xffffffff;
        open_stream(open);
    } else {
        CHECK_EQUAL(host.last.header.type, CARILLON_EVENT_STARTED);
        send(CARILLON_COMMAND_STOP, 0, "", 0);
    }
}

// The link of the host before it was given up for a damaged ring; that of the new host has the same
// number.
static void another_host_may_use_the_number_of_a_link_that_was_refused(uint32_t waits)
{
    if (waits == 0) {
        core.refused_link = 1;
        host.sessions++;
        region.shared.header.session++;
    } else {
        CHECK_EQUAL(status()->session, SESSION + 1u);
        send(CARILLON_COMMAND_STOP, 0, "", 0);
    }
}

static void commands_behind_a_stop_are_lost_and_counted(uint32_t waits)
{
    CHECK_EQUAL(waits, 0);
    send(CARILLON_COMMAND_STOP, 0, "", 0);
    for (uint32_t i = 0; i < 3; i++) {
        send(CARILLON_COMMAND_DESCRIBE, i, "", 0);
    }
}

// The stack is looked at when the core starts, and not more often than ten times a second.
static void the_stack_is_looked_at_now_and_then(uint32_t waits)
{
    CHECK_EQUAL(status()->stack_bytes, 4096);
    CHECK_EQUAL(status()->stack_used, 1000u + looks_at_stack);
    static uint32_t first;
    if (waits == 0) {
        first = looks_at_stack;
        host.now_us += 99999;
    } else if (waits == 1) {
        CHECK_EQUAL(looks_at_stack, first);
        host.now_us += 1;
    } else {
        CHECK_EQUAL(looks_at_stack, first + 1u);
        send(CARILLON_COMMAND_STOP, 0, "", 0);
    }
}

static void relax(void *context)
{
    static const float block[16];
    (void)context;
    host.now_us++;
    // However often it finds nothing, nobody has to ring for it.
    CHECK_EQUAL(region.to_control.consumer.waiting, 0);
    switch (host.looks++) {
    case 10:
        open_stream((struct carillon_open_stream){.sample_rate_hz = 48000, .channels = 1});
        break;
    case 20:
        CHECK_EQUAL(host.last.header.type, CARILLON_EVENT_STARTED);
        send(CARILLON_COMMAND_SAMPLES, 0, block, sizeof block);
        break;
    case 30:
        CHECK_EQUAL(host.blocks, 1);
        CHECK_EQUAL(host.waits, 0);
        break;
    case 3500:
        send(CARILLON_COMMAND_STOP, 0, "", 0);
        break;
    default:
        break;
    }
}

// Each look takes a microsecond: once in a thousand it looks at its bells as well, without waiting.
static void a_core_that_polls_hears_its_bells_all_the_same(uint32_t waits)
{
    CHECK(waits * 1000 <= host.looks);
    CHECK(host.looks <= (waits + 2) * 1000);
}

static void a_core_that_polls_takes_what_comes_without_a_bell(void)
{
    static const struct port port = {
        .now_us = now_us, .wait = wait_for_bell, .ring = ring_host, .relax = relax};
    run_on(&port, a_core_that_polls_hears_its_bells_all_the_same);
    CHECK(host.waits >= 2);
}

int main(void)
{
    run(counters_are_shown_before_the_bell);
    run(blocks_that_come_too_late_are_counted_and_missing);
    run(a_block_that_never_fits_is_refused);
    run(another_host_may_use_the_number_of_a_link_that_was_refused);
    a_core_that_polls_takes_what_comes_without_a_bell();
    run(commands_behind_a_stop_are_lost_and_counted);
    CHECK_EQUAL(host.records, 0);
    CHECK_EQUAL(status()->lost, 3);
    run(the_stack_is_looked_at_now_and_then);
    return 0;
}
