// This project's ring in C, as the firmware has it.
#include "core/spsc_ring.h"
#include "common/program.h"
#include "rings/message.h"
#include "rings/round_trips.h"
#include "rings/side.h"
#include "rings/spin.h"
#include "rings/window.h"

enum { MESSAGE = 1 };

_Static_assert(sizeof(struct carillon_ring_control) + RING_DATA_BYTES <= RING_STRIDE_BYTES,
               "a ring has its place in the memory");

static struct ring_producer out;
static struct ring_consumer in;

// The side that measures one way, or calls, has the second ring for what it sends.
static void bind(uint32_t out_ring)
{
    unsigned char *memory = side_map_memory();
    ring_producer_bind(&out, (void *)(memory + out_ring * RING_STRIDE_BYTES), RING_DATA_BYTES);
    ring_consumer_bind(&in, (void *)(memory + (1u - out_ring) * RING_STRIDE_BYTES),
                       RING_DATA_BYTES);
}

static void check_undamaged(void)
{
    if (out.damaged || in.damaged) {
        program_fail(1, "the ring is damaged");
    }
}

static bool send_one(uint32_t sequence)
{
    void *place = ring_claim(&out, MESSAGE_BYTES);
    if (place == NULL) {
        return false;
    }
    message_fill(place, sequence);
    ring_commit(&out, MESSAGE, 0, sequence);
    return true;
}

static bool take_one(uint32_t sequence)
{
    struct ring_record record;
    if (!ring_peek(&in, &record)) {
        return false;
    }
    if (record.header.length != MESSAGE_BYTES) {
        program_fail(1, "a message of %u bytes came", record.header.length);
    }
    message_check(record.payload, sequence);
    ring_advance(&in);
    return true;
}

static void send_messages(const struct side_options *options)
{
    bind(0);
    side_ready(NULL);
    for (uint32_t sequence = 0;;) {
        uint32_t sent = 0;
        while (sent < options->batch && send_one(sequence)) {
            sequence++;
            sent++;
        }
        ring_publish(&out);
        if (sent == 0) {
            check_undamaged();
            spin_pause();
        }
    }
}

static void receive_messages(const struct side_options *options)
{
    bind(1);
    struct window window = {.options = options};
    for (uint32_t sequence = 0;;) {
        uint32_t taken = 0;
        while (taken < MESSAGES_PER_TURN_MAX && take_one(sequence)) {
            sequence++;
            taken++;
        }
        ring_free(&in);
        if (taken == 0) {
            check_undamaged();
            spin_pause();
        }
        window_turn(&window, taken);
    }
}

static void await_message(uint32_t sequence, bool sleeps)
{
    while (!take_one(sequence)) {
        check_undamaged();
        if (!sleeps) {
            spin_pause();
        } else if (ring_consumer_try_sleep(&in)) {
            side_wait_for_bell();
            ring_consumer_wake(&in);
        }
    }
    ring_free(&in);
}

static void answer_messages(const struct side_options *options)
{
    bind(0);
    side_ready(NULL);
    for (uint32_t sequence = 0;; sequence++) {
        await_message(sequence, options->sleeps);
        // There is room: the caller has taken the answer before.
        send_one(sequence);
        ring_publish(&out); // the caller spins
    }
}

static void call_with_messages(const struct side_options *options)
{
    bind(1);
    for (uint32_t sequence = 0;; sequence++) {
        uint64_t begin_ns = trip_begin(options);
        send_one(sequence);
        if (ring_publish(&out)) {
            side_ring_bell();
        }
        await_message(sequence, false);
        trip_end(options, begin_ns);
    }
}

int main(int argc, char **argv)
{
    static const struct side_roles roles = {
        .send = send_messages,
        .receive = receive_messages,
        .answer = answer_messages,
        .call = call_with_messages,
    };
    return side_main(argc, argv, &roles);
}
