// A queue between one producer and one consumer as it is usually written in C++: slots of one size,
// positions that run freely, a line for each side, and each side's own copy of the other's position.
#ifndef CARILLON_BENCH_RINGS_SLOT_QUEUE_H
#define CARILLON_BENCH_RINGS_SLOT_QUEUE_H

#include <atomic>
#include <cstddef>
#include <cstdint>

constexpr std::size_t kLineBytes = 64;

// Zeroes are an empty queue, so it can be put over memory that two processes share.
template <typename Message, std::uint32_t Slots> class SlotQueue {
    static_assert((Slots & (Slots - 1)) == 0, "a power of two");
    static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "for use between processes");

  public:
    // Where to write the next message, or nullptr while there is no free slot.
    Message *claim()
    {
        // Relaxed: only this side stores it.
        const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - seen_head_ == Slots) {
            // Acquire: the consumer has finished reading the slots that it gives back.
            seen_head_ = head_.load(std::memory_order_acquire);
            if (tail - seen_head_ == Slots) {
                return nullptr;
            }
        }
        return &slots_[tail & (Slots - 1)].message;
    }

    // Shows the consumer what was claimed.
    void publish()
    {
        // Release: the message is seen before the position that covers it.
        tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    // The oldest message, or nullptr while there is none.
    const Message *front()
    {
        // Relaxed: only this side stores it.
        const std::uint32_t head = head_.load(std::memory_order_relaxed);
        if (head == seen_tail_) {
            // Acquire: what the producer wrote before this position.
            seen_tail_ = tail_.load(std::memory_order_acquire);
            if (head == seen_tail_) {
                return nullptr;
            }
        }
        return &slots_[head & (Slots - 1)].message;
    }

    // Gives the slot of the oldest message back.
    void pop()
    {
        // Release: the message has been read before the producer may overwrite it.
        head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

  private:
    struct alignas(kLineBytes) Slot {
        Message message;
    };

    alignas(kLineBytes) std::atomic<std::uint32_t> tail_;
    std::uint32_t seen_head_;
    alignas(kLineBytes) std::atomic<std::uint32_t> head_;
    std::uint32_t seen_tail_;
    alignas(kLineBytes) Slot slots_[Slots];
};

#endif
