// What an epoll instance waits for: each descriptor has a slot, a small number by which JavaScript
// names it.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "sockets.h"
#include "zero_copy.h"

namespace carillon {

// Descriptors watched: the kernel's own ceiling for a process (fs.nr_open).
constexpr int kMaxSlots = 1024 * 1024;

enum class SlotKind : uint8_t {
  kFree,
  kListener,
  kConnection,
  // A connection that was released and broken off, and whose memory the kernel has not finished with.
  kLingering,
  // Somebody else's descriptor, whose events are told as they are.
  kWatched,
  // A timerfd, or a copy of an eventfd: both are counters, read as eight bytes.
  kTimer,
  kEvent,
};

struct Slot {
  int fd = -1;
  uint32_t generation = 0;
  uint32_t interest = 0;
  // What epoll was told. Of a connection that is not read from for a while, EPOLLIN may still be in it.
  uint32_t told = 0;
  SlotKind kind = SlotKind::kFree;
  // The peer has sent its FIN.
  bool ended = false;
  // Taken out of epoll, because a hang-up cannot be masked and nobody reads now.
  bool dormant = false;
  // Dormant, but in epoll for its edges: each notification is one.
  bool hears_edges = false;
  // Of a connection: what it is read into. -1 is what all are read into.
  int32_t receive_buffer = -1;
  // Of a connection. Kept, because the kernel forgets it when the peer breaks off.
  SocketAddress peer = {};
  // Of a listener: what its connections are set up with.
  ConnectionSettings settings;
  // Of a connection, from its first zero-copy send on.
  std::unique_ptr<ZeroCopySends> zero_copy;

  bool IsAwaited() const { return zero_copy != nullptr && zero_copy->outstanding() > 0; }
};

class Slots {
 public:
  Slots() = default;
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // The epoll instance, or a negative error number.
  int Open();
  // Closes everything that is ours. The slots stay, free.
  void Close();

  // The number of events that there are now, or -1.
  int Wait(epoll_event* events, int count);
  // The slot that an event is for, or -1 where that was released meanwhile.
  int32_t IndexOf(const epoll_event& event) const;

  // A slot, or a negative error number.
  int Add(int fd, SlotKind kind, uint32_t interest);
  // The slot in use at `index`, or null: what JavaScript names is checked like any other input.
  Slot* Find(int32_t index);
  // Of a slot in use: 0, or a negative error number. That a connection is not read from is told to
  // epoll only where something comes meanwhile (TellInterest): most are read from again before.
  int SetInterest(int32_t index, uint32_t interest);
  // Of a connection with an event that nobody is interested in.
  void TellInterest(int32_t index);
  // A hang-up is told however little interest there is: a connection that is not read from would wake
  // us for ever. It comes back with the next interest in it.
  void SetDormant(int32_t index);
  // Returns whether it lingers: its memory is not finished with.
  bool Release(int32_t index, bool with_reset);
  // Of a slot whose descriptor is closed. It is used again after ReuseReleased.
  void Free(int32_t index);
  // Behind a turn: its later events may name what was released.
  void ReuseReleased();

  Slot& operator[](int32_t index) { return slots_[static_cast<size_t>(index)]; }
  auto begin() { return slots_.begin(); }
  auto end() { return slots_.end(); }

 private:
  int Tell(int32_t index, uint32_t interest);
  void HearEdges(int32_t index);
  bool HasItsDescriptor(int32_t index) const;
  void Linger(int32_t index);

  int epoll_ = -1;
  std::vector<Slot> slots_;
  std::vector<int32_t> free_;
  std::vector<int32_t> released_;
  // By descriptor: the slot that it was last put into epoll for.
  std::vector<int32_t> slot_of_fd_;
};

}  // namespace carillon
