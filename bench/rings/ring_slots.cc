// The peer `cpp-slots`: a queue of slots in C++, written for this and nothing else. It has no
// records of other lengths, no checks of what is in the memory and no flags for who sleeps.
#include "rings/slot_queue.h"

#include "rings/message.h"
#include "rings/round_trips.h"
#include "rings/side.h"
#include "rings/spin.h"
#include "rings/window.h"

namespace {

struct Message {
    std::uint32_t words[MESSAGE_WORDS];
};

using Queue = SlotQueue<Message, RING_DATA_BYTES / sizeof(Message)>;
static_assert(sizeof(Queue) <= RING_STRIDE_BYTES, "a queue has its place in the memory");

struct Queues {
    Queue &out;
    Queue &in;
};

Queues bind(std::uint32_t out_queue)
{
    unsigned char *memory = side_map_memory();
    auto at = [memory](std::uint32_t index) -> Queue & {
        return *reinterpret_cast<Queue *>(memory + index * RING_STRIDE_BYTES);
    };
    return {at(out_queue), at(1 - out_queue)};
}

void send(Queue &queue, std::uint32_t sequence)
{
    Message *place;
    while ((place = queue.claim()) == nullptr) {
        spin_pause();
    }
    message_fill(place, sequence);
    queue.publish();
}

bool take(Queue &queue, std::uint32_t sequence)
{
    const Message *message = queue.front();
    if (message == nullptr) {
        return false;
    }
    message_check(message, sequence);
    queue.pop();
    return true;
}

void send_messages(const side_options *)
{
    Queue &out = bind(0).out;
    side_ready(nullptr);
    for (std::uint32_t sequence = 0;; sequence++) {
        send(out, sequence);
    }
}

void receive_messages(const side_options *options)
{
    Queue &in = bind(1).in;
    window window = {};
    window.options = options;
    for (std::uint32_t sequence = 0;;) {
        std::uint32_t taken = 0;
        while (taken < MESSAGES_PER_TURN_MAX && take(in, sequence)) {
            sequence++;
            taken++;
        }
        if (taken == 0) {
            spin_pause();
        }
        window_turn(&window, taken);
    }
}

void answer_messages(const side_options *options)
{
    auto [out, in] = bind(0);
    side_ready(nullptr);
    for (std::uint32_t sequence = 0;; sequence++) {
        while (!take(in, sequence)) {
            if (options->sleeps) {
                side_wait_for_bell();
            } else {
                spin_pause();
            }
        }
        send(out, sequence);
    }
}

void call_with_messages(const side_options *options)
{
    auto [out, in] = bind(1);
    for (std::uint32_t sequence = 0;; sequence++) {
        const std::uint64_t begin_ns = trip_begin(options);
        send(out, sequence);
        if (options->sleeps) {
            side_ring_bell(); // whether the other side sleeps or not: the queue does not know
        }
        while (!take(in, sequence)) {
            spin_pause();
        }
        trip_end(options, begin_ns);
    }
}

} // namespace

int main(int argc, char **argv)
{
    const side_roles roles = {send_messages, receive_messages, answer_messages,
                              call_with_messages};
    return side_main(argc, argv, &roles);
}
