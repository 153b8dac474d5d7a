#include "slots.h"

#include <unistd.h>

#include <cerrno>

namespace carillon {

namespace {

// What epoll carries for us: which slot, and which of its uses.
uint64_t KeyOf(int32_t index, uint32_t generation) {
  return static_cast<uint64_t>(generation) << 32 | static_cast<uint32_t>(index);
}

bool IsOurs(SlotKind kind) { return kind != SlotKind::kWatched; }

}  // namespace

Slots::~Slots() {
  if (epoll_ >= 0) close(epoll_);
}

int Slots::Open() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  return epoll_ < 0 ? -errno : epoll_;
}

void Slots::Close() {
  for (Slot& slot : slots_) {
    if (slot.kind != SlotKind::kFree && IsOurs(slot.kind)) close(slot.fd);
    slot.kind = SlotKind::kFree;
    slot.generation++;
  }
  close(epoll_);
  epoll_ = -1;
}

int Slots::Wait(epoll_event* events, int count) { return epoll_wait(epoll_, events, count, 0); }

int32_t Slots::IndexOf(const epoll_event& event) const {
  const auto index = static_cast<int32_t>(event.data.u64);
  return slots_[static_cast<size_t>(index)].generation == event.data.u64 >> 32 ? index : -1;
}

int Slots::Add(int fd, SlotKind kind, uint32_t interest) {
  int32_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else if (slots_.size() < kMaxSlots) {
    index = static_cast<int32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    return -EMFILE;
  }
  Slot& slot = slots_[index];
  slot.fd = fd;
  slot.generation++;
  slot.interest = interest;
  slot.told = interest;
  slot.kind = kind;
  slot.ended = false;
  slot.dormant = false;
  slot.hears_edges = false;
  slot.receive_buffer = -1;
  epoll_event event = {};
  event.events = interest;
  event.data.u64 = KeyOf(index, slot.generation);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    const int error = errno;
    slot.fd = -1;
    slot.kind = SlotKind::kFree;
    free_.push_back(index);
    return -error;
  }
  const auto number = static_cast<size_t>(fd);
  if (number >= slot_of_fd_.size()) slot_of_fd_.resize(number + 1, -1);
  slot_of_fd_[number] = index;
  return index;
}

Slot* Slots::Find(int32_t index) {
  if (index < 0 || static_cast<size_t>(index) >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  const bool is_released = slot.kind == SlotKind::kFree || slot.kind == SlotKind::kLingering;
  return is_released ? nullptr : &slot;
}

int Slots::SetInterest(int32_t index, uint32_t interest) {
  Slot& slot = slots_[index];
  // Behind the peer's FIN a socket is readable for ever.
  if (slot.ended) interest &= ~static_cast<uint32_t>(EPOLLIN);
  if (interest == slot.interest && !(slot.dormant && interest != 0)) return 0;
  const bool is_told_later = slot.kind == SlotKind::kConnection && !slot.ended &&
                             (interest | static_cast<uint32_t>(EPOLLIN)) == slot.told;
  if (slot.dormant ? interest == 0 : is_told_later) {
    slot.interest = interest;
    return 0;
  }
  return Tell(index, interest);
}

void Slots::TellInterest(int32_t index) {
  const Slot& slot = slots_[index];
  if (!slot.dormant && slot.interest != slot.told) Tell(index, slot.interest);
}

int Slots::Tell(int32_t index, uint32_t interest) {
  Slot& slot = slots_[index];
  if (!HasItsDescriptor(index)) return -EBADF;
  epoll_event event = {};
  event.events = interest;
  event.data.u64 = KeyOf(index, slot.generation);
  const int call = slot.dormant && !slot.hears_edges ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(epoll_, call, slot.fd, &event) != 0) return -errno;
  // Only now: what was refused may be asked for again.
  slot.interest = interest;
  slot.told = interest;
  slot.dormant = false;
  slot.hears_edges = false;
  return 0;
}

void Slots::SetDormant(int32_t index) {
  Slot& slot = slots_[index];
  if (slot.dormant) return;
  slot.dormant = true;
  if (slot.IsAwaited()) HearEdges(index);
  else if (HasItsDescriptor(index)) epoll_ctl(epoll_, EPOLL_CTL_DEL, slot.fd, nullptr);
}

// Stays in epoll, but for what is new: what there is now is told once more, and then each
// notification, and no hang-up again and again. Where not even that is possible (ENOMEM), what is
// awaited is released when the poller ends.
void Slots::HearEdges(int32_t index) {
  Slot& slot = slots_[index];
  slot.hears_edges = true;
  epoll_event event = {};
  event.events = EPOLLET;
  event.data.u64 = KeyOf(index, slot.generation);
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, slot.fd, &event) == 0 || errno != ENOENT) return;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.fd, &event);
}

// Whoever owns a watched descriptor may have closed it, and its number is then given to the next
// one, which may be in epoll for another slot.
bool Slots::HasItsDescriptor(int32_t index) const {
  return slot_of_fd_[static_cast<size_t>(slots_[index].fd)] == index;
}

bool Slots::Release(int32_t index, bool with_reset) {
  Slot& slot = slots_[index];
  if (slot.IsAwaited()) {
    Linger(index);
    return true;
  }
  // epoll forgets a descriptor by itself only where no copy of it is left, and of an eventfd there is
  // one: its owner's.
  if (slot.kind == SlotKind::kWatched || slot.kind == SlotKind::kEvent) SetDormant(index);
  if (IsOurs(slot.kind)) {
    if (with_reset) CloseWithReset(slot.fd);
    else close(slot.fd);
  }
  Free(index);
  return false;
}

// A connection whose memory the kernel still sends from is not closed: a closed one gives no
// notifications, and its memory could never be released. Closed in good order, TCP would go on
// sending from it for as long as the peer does not acknowledge, whatever is in it by then. So the
// connection is broken off: TCP forgets everything it has not sent or would send again. What
// remains are packets that a device holds already. Their notifications come when they have left, or
// were dropped, which is soon and does not depend on the peer, so there is no time limit.
//
// A connection that ends in good order does not come here: it is not told to be closed before it is
// finished with (CollectInput).
void Slots::Linger(int32_t index) {
  Slot& slot = slots_[index];
  slot.kind = SlotKind::kLingering;
  slot.interest = 0;
  slot.dormant = true;
  if (Disconnect(slot.fd) != 0) shutdown(slot.fd, SHUT_RDWR);
  HearEdges(index);
}

void Slots::Free(int32_t index) {
  Slot& slot = slots_[index];
  slot.zero_copy.reset();
  slot.fd = -1;
  slot.kind = SlotKind::kFree;
  // Events that were taken already name the old generation, and records the index.
  slot.generation++;
  released_.push_back(index);
}

void Slots::ReuseReleased() {
  free_.insert(free_.end(), released_.begin(), released_.end());
  released_.clear();
}

}  // namespace carillon
