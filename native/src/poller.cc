#include "poller.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace carillon {

namespace {

// Zeros, whose pages are there once they are used.
SharedMemory Allocate(size_t bytes) {
  auto* memory = static_cast<uint8_t*>(calloc(bytes, 1));
  if (memory == nullptr) abort();
  return SharedMemory(memory, free);
}

uint64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// What went wrong with a socket, which then forgets it. 0 where nothing did.
int ErrorOf(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

// Whether a zero-copy send failed for being one: no memory for notifications or no room under the
// limit of locked memory, pages that cannot be pinned, a kernel that cannot.
bool MustCopy(ssize_t sent) {
  return sent == -ENOBUFS || sent == -ENOMEM || sent == -EFAULT || sent == -EOPNOTSUPP;
}

}  // namespace

Poller::Poller(napi_env env, uint32_t busy_poll_us)
    : env_(env),
      busy_poll_ns_(uint64_t{busy_poll_us} * 1000),
      arena_(Allocate(kReceivedBytes)),
      outgoing_(Allocate(kOutgoingBytes)),
      records_memory_(Allocate(sizeof(int32_t) * kRecordWords * kMaxRecords)),
      pieces_memory_(Allocate(sizeof(int32_t) * kPieceWords * kMaxPieces)),
      sends_memory_(Allocate(sizeof(int32_t) * kSendWords * kMaxSends)),
      receives_memory_(Allocate(sizeof(int32_t) * kReceiveWords * kReceiveBuffers)),
      records_(reinterpret_cast<int32_t*>(records_memory_.get())),
      pieces_(reinterpret_cast<int32_t*>(pieces_memory_.get())),
      sends_(reinterpret_cast<int32_t*>(sends_memory_.get())),
      receives_(reinterpret_cast<int32_t*>(receives_memory_.get())) {}

Poller::~Poller() = default;

int Poller::Start() {
  const int epoll = slots_.Open();
  if (epoll < 0) return epoll;
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env_, &loop) != napi_ok) return -ENOTSUP;
  watcher_ = new Watcher;
  const int error = uv_poll_init(loop, &watcher_->poll, epoll);
  if (error != 0) {
    delete watcher_;
    watcher_ = nullptr;
    return error;
  }
  watcher_->poller = this;
  watcher_->poll.data = watcher_;
  // A thread may end with its poller open: it then waits until libuv has let go.
  const napi_status hooked = napi_add_async_cleanup_hook(
      env_,
      [](napi_async_cleanup_hook_handle, void* data) {
        Poller* poller = static_cast<Watcher*>(data)->poller;
        if (poller != nullptr) poller->Destroy();
      },
      watcher_, &watcher_->cleanup);
  // Until something is listened to or waited for, a program may end.
  uv_unref(watcher_->handle());
  const int started = uv_poll_start(&watcher_->poll, UV_READABLE, OnReadable);
  if (hooked != napi_ok || started != 0) {
    Close();
    return started != 0 ? started : -ENOTSUP;
  }
  return 0;
}

// Closes everything, at once, or behind the turn that is under way.
void Poller::Destroy() {
  closing_ = true;
  if (!in_turn_) Close();
}

void Poller::Close() {
  if (watcher_ == nullptr) return;
  if (counters_.zero_copy_outstanding > 0) BreakOffAwaited();
  for (Slot& slot : slots_) {
    if (slot.zero_copy != nullptr) slot.zero_copy->Abandon(env_);
    slot.zero_copy.reset();
  }
  Watcher* watcher = watcher_;
  watcher_ = nullptr;
  watcher->poller = nullptr;
  uv_poll_stop(&watcher->poll);
  uv_close(watcher->handle(), [](uv_handle_t* handle) {
    auto* closed = static_cast<Watcher*>(handle->data);
    if (closed->cleanup != nullptr) napi_remove_async_cleanup_hook(closed->cleanup);
    delete closed;
  });
  slots_.Close();
  for (napi_ref& reference : registered_) {
    if (reference != nullptr) napi_delete_reference(env_, reference);
    reference = nullptr;
  }
  // Each is missing where the poller was not made to the end.
  if (context_ != nullptr) napi_async_destroy(env_, context_);
  if (on_turn_ != nullptr) napi_delete_reference(env_, on_turn_);
  // From here on the object lives as long as JavaScript has it.
  if (self_ != nullptr) napi_reference_unref(env_, self_, nullptr);
}

bool Poller::ReleaseSlot(int32_t index, bool with_reset) {
  const bool lingers = slots_.Release(index, with_reset);
  if (!in_turn_) slots_.ReuseReleased();
  return lingers;
}

// A turn.

void Poller::OnReadable(uv_poll_t* handle, int, int) {
  Poller* poller = static_cast<Watcher*>(handle->data)->poller;
  if (poller != nullptr) poller->Turn();
}

void Poller::Turn() {
  counters_.wakeups++;
  in_turn_ = true;
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  const uint64_t began = NowNs();
  for (int round = 0; round < kMaxRounds && !closing_; round++) {
    int taken = TakeBatch();
    if (taken == 0 && busy_poll_ns_ > 0) {
      const uint64_t until = std::min(NowNs() + busy_poll_ns_, began + kMaxTurnNs);
      while (taken == 0 && NowNs() < until) taken = TakeBatch();
      if (taken > 0) round = 0;
    }
    if (taken == 0) break;
    // Few events: whoever caused them is waiting for the answers that just went out, and the loop
    // below us looks for more as cheaply as we would.
    if (busy_poll_ns_ == 0 && taken < kMinEventsForAnotherRound) break;
    if (NowNs() - began >= kMaxTurnNs) break;
  }
  napi_close_handle_scope(env_, scope);
  in_turn_ = false;
  slots_.ReuseReleased();
  // Last: nothing of this object is touched behind it.
  if (closing_) Close();
}

// Takes what is ready now, and tells it. Returns the number of events.
int Poller::TakeBatch() {
  const int count = slots_.Wait(events_, kMaxEvents);
  if (count <= 0) return 0;
  counters_.turns++;
  for (int i = 0; i < count && !closing_;) {
    record_count_ = 0;
    arena_used_ = 0;
    while (i < count && HasRoom() && Collect(events_[i])) i++;
    if (record_count_ > 0) Dispatch();
  }
  return count;
}

// Whether any one event finds room for all that it can cause, accepted connections apart.
bool Poller::HasRoom() const {
  return record_count_ + 4 <= kMaxRecords && arena_used_ + kMinReadBytes <= kArenaBytes;
}

// Whether all that can be outstanding of one connection finds room, and what else it has to tell.
bool Poller::HasRoomForFinished() const {
  return record_count_ + 4 + static_cast<int>(kMaxOutstanding) <= kMaxRecords;
}

void Poller::Tell(int32_t index, RecordKind kind, int32_t a, int32_t b) {
  int32_t* record = records_ + record_count_++ * kRecordWords;
  record[0] = index;
  record[1] = kind;
  record[2] = a;
  record[3] = b;
}

// False where the event has to wait for the next dispatch.
bool Poller::Collect(const epoll_event& event) {
  const int32_t index = slots_.IndexOf(event);
  if (index < 0) return true;
  const Slot& slot = slots_[index];
  switch (slot.kind) {
    case SlotKind::kListener:
      return CollectConnections(index);
    case SlotKind::kConnection:
      return CollectInput(index, event.events);
    case SlotKind::kLingering:
      return CollectLingering(index);
    case SlotKind::kWatched:
      Tell(index, kReady, static_cast<int32_t>(event.events));
      // Of one that nobody asks anything of, a hang-up is told once.
      if (slot.interest == 0) slots_.SetDormant(index);
      return true;
    case SlotKind::kTimer:
    case SlotKind::kEvent:
      CollectCount(index);
      return true;
    case SlotKind::kFree:
      return true;
  }
  return true;
}

bool Poller::CollectConnections(int32_t listener) {
  if (record_count_ > 0 && record_count_ + kMaxAccepts > kMaxRecords) return false;
  const int fd = slots_[listener].fd;
  const ConnectionSettings settings = slots_[listener].settings;
  for (int i = 0; i < kMaxAccepts; i++) {
    SocketAddress peer;
    const int accepted = Accept(fd, &peer);
    if (accepted == -EAGAIN || accepted == -EINTR) return true;
    if (IsOfConnection(accepted)) continue;
    int result = accepted;
    if (accepted >= 0) {
      ApplySettings(accepted, settings);
      result = slots_.Add(accepted, SlotKind::kConnection, EPOLLIN);
      if (result < 0) close(accepted);
      else slots_[result].peer = peer;
    }
    if (result < 0) {
      // Out of descriptors or memory. Whoever listens says when to try again, else this would be
      // told without end.
      slots_.SetInterest(listener, 0);
      Tell(listener, kAcceptFailed, -result);
      return true;
    }
    Tell(listener, kAccepted, result);
  }
  return true;
}

// What a connection is ready for. It is read before it is told to be writable, so that an error is
// told as what it was, and not as what sending would make of it.
bool Poller::CollectInput(int32_t index, uint32_t events) {
  if (events & EPOLLERR && slots_[index].zero_copy != nullptr) {
    if (!HasRoomForFinished()) return false;
    const bool is_notified = TellFinished(index);
    if (!(events & EPOLLHUP)) {
      // epoll tells notifications as an error. Where there were any, a true error is told again. Where
      // there were none, this may be one, or an event from before they were taken.
      if (!is_notified) TellError(index);
      events &= ~static_cast<uint32_t>(EPOLLERR);
      if (slots_[index].dormant) return true;
    }
  }
  const bool hung_up = events & (EPOLLHUP | EPOLLERR);
  const bool reads = slots_[index].interest & EPOLLIN;
  bool is_open = true;
  if (reads && (events & EPOLLIN || hung_up)) {
    is_open = Read(index);
  } else if (slots_[index].ended && hung_up) {
    // Both ends have closed, or the peer broke off. The kernel may have to send yet, and to send
    // again, from memory that is held for it: until it is finished with, nothing is told.
    if (!slots_[index].IsAwaited()) Tell(index, kClosed, ErrorOf(slots_[index].fd));
    slots_.SetDormant(index);
    is_open = false;
  } else if (hung_up && !(events & EPOLLOUT)) {
    slots_.SetDormant(index);
  }
  if (!reads && events & EPOLLIN) slots_.TellInterest(index);
  if (is_open && events & EPOLLOUT) Tell(index, kWritable);
  return true;
}

// Takes every notification that waits, also so that the next one is an edge. Returns whether there
// was one. There are no more than sends that are not finished.
template <typename Callback>
bool Poller::TakeCompletions(Slot* slot, const Callback& finished) {
  bool is_notified = false;
  for (size_t i = 0; i <= kMaxOutstanding; i++) {
    Completion completion;
    const int result = NextCompletion(slot->fd, &completion);
    if (result < 0) break;
    is_notified = true;
    if (result == 0) continue;
    slot->zero_copy->Complete(env_, completion, [&](Finished send) {
      counters_.zero_copy_outstanding--;
      if (send.copied) counters_.zero_copy_copied++;
      finished(send.token);
    });
  }
  return is_notified;
}

bool Poller::TellFinished(int32_t index) {
  return TakeCompletions(&slots_[index], [&](int32_t token) { Tell(index, kFinished, token); });
}

void Poller::TellError(int32_t index) {
  const int error = ErrorOf(slots_[index].fd);
  if (error == 0) return;
  Tell(index, kClosed, error);
  slots_.SetDormant(index);
}

bool Poller::CollectLingering(int32_t index) {
  if (!HasRoomForFinished()) return false;
  TellFinished(index);
  if (slots_[index].IsAwaited()) return true;
  Tell(index, kGone);
  close(slots_[index].fd);
  slots_.Free(index);
  return true;
}

// Before a poller ends, which nobody waits for: what devices hold gets a moment to leave.
void Poller::BreakOffAwaited() {
  for (Slot& slot : slots_) {
    if (slot.kind == SlotKind::kConnection && slot.IsAwaited()) Disconnect(slot.fd);
  }
  const uint64_t until = NowNs() + kMaxFarewellNs;
  for (;;) {
    for (Slot& slot : slots_) {
      if (slot.IsAwaited()) TakeCompletions(&slot, [](int32_t) {});
    }
    if (counters_.zero_copy_outstanding == 0 || NowNs() >= until) return;
    const timespec moment = {0, 1'000'000};
    nanosleep(&moment, nullptr);
  }
}

// Where the next read into a receive buffer goes: behind what is kept, or at the front. What is kept
// is moved to the front where the rest of its frame would find no room. Nobody looks at it then: what
// JavaScript was told of before is handled, and what it sends from there is sent, or copied.
size_t Poller::PlaceBehindKept(int32_t buffer) {
  const size_t base = kArenaBytes + static_cast<size_t>(buffer) * kReceiveBufferBytes;
  const size_t end = base + kReceiveBufferBytes;
  int32_t* words = receives_ + buffer * kReceiveWords;
  // A negative one is beyond every end.
  const auto from = static_cast<size_t>(words[0]);
  const auto to = static_cast<size_t>(words[1]);
  // What fills all of the buffer leaves nowhere to read to.
  if (from < base || from >= to || to > end || to - from == kReceiveBufferBytes) return base;
  const size_t missing = std::max<size_t>(static_cast<size_t>(words[2]), 1);
  if (missing <= end - to) return to;
  memmove(arena_.get() + base, arena_.get() + from, to - from);
  words[0] = static_cast<int32_t>(base);
  words[1] = static_cast<int32_t>(base + to - from);
  return base + to - from;
}

// False where the connection has broken.
bool Poller::Read(int32_t index) {
  Slot& slot = slots_[index];
  const int32_t buffer = slot.receive_buffer;
  size_t place = arena_used_;
  size_t room = std::min(kMaxReadBytes, kArenaBytes - arena_used_);
  if (buffer >= 0) {
    place = PlaceBehindKept(buffer);
    room = kArenaBytes + (static_cast<size_t>(buffer) + 1) * kReceiveBufferBytes - place;
  }
  const ssize_t received = Receive(slot.fd, arena_.get() + place, room);
  counters_.reads++;
  if (received > 0) {
    counters_.bytes_read += static_cast<uint64_t>(received);
    Tell(index, kData, static_cast<int32_t>(place), static_cast<int32_t>(received));
    if (buffer < 0) {
      const size_t used = arena_used_ + static_cast<size_t>(received);
      arena_used_ = (used + kReadAlignment - 1) / kReadAlignment * kReadAlignment;
    }
    return true;
  }
  if (received == -EAGAIN) return true;
  if (received == 0) {
    slot.ended = true;
    slots_.SetInterest(index, slot.interest);
    Tell(index, kEnd);
    return true;
  }
  Tell(index, kClosed, static_cast<int32_t>(-received));
  slots_.SetDormant(index);
  return false;
}

void Poller::CollectCount(int32_t index) {
  uint64_t count = 0;
  if (read(slots_[index].fd, &count, sizeof count) != sizeof count) return;
  Tell(index, kFired, static_cast<int32_t>(std::min<uint64_t>(count, INT_MAX)));
}

void Poller::Dispatch() {
  counters_.records += static_cast<uint64_t>(record_count_);
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value self = nullptr;
  napi_value on_turn = nullptr;
  napi_value count = nullptr;
  napi_get_reference_value(env_, self_, &self);
  napi_get_reference_value(env_, on_turn_, &on_turn);
  napi_create_int32(env_, record_count_, &count);
  // Runs what the hooks left for process.nextTick and their promises before it returns.
  if (napi_make_callback(env_, context_, self, on_turn, 1, &count, nullptr) != napi_ok) {
    // In a thread that is being ended there is nothing to tell it to.
    bool is_pending = false;
    napi_value error = nullptr;
    if (napi_is_exception_pending(env_, &is_pending) == napi_ok && is_pending &&
        napi_get_and_clear_last_exception(env_, &error) == napi_ok) {
      napi_fatal_exception(env_, error);
    }
  }
  napi_close_handle_scope(env_, scope);
}

// Sending.

// The bytes of a piece, or null where it does not lie within its memory.
const uint8_t* Poller::MemoryAt(int32_t memory, int32_t offset, int32_t bytes) {
  const uint8_t* base = nullptr;
  size_t length = 0;
  if (memory == kArena) {
    base = arena_.get();
    length = kReceivedBytes;
  } else if (memory == kOutgoing) {
    base = outgoing_.get();
    length = kOutgoingBytes;
  } else {
    if (memory < kFirstRegistered) return nullptr;
    const auto index = static_cast<size_t>(memory - kFirstRegistered);
    if (index >= registered_.size() || registered_[index] == nullptr) return nullptr;
    auto& [address, size] = located_[index];
    if (address == nullptr) {
      // Asked for anew each time: its owner may have detached or resized it.
      napi_value array = nullptr;
      void* data = nullptr;
      size_t bytes_now = 0;
      if (napi_get_reference_value(env_, registered_[index], &array) != napi_ok ||
          napi_get_typedarray_info(env_, array, nullptr, &bytes_now, &data, nullptr, nullptr) !=
              napi_ok) {
        return nullptr;
      }
      address = static_cast<uint8_t*>(data);
      size = bytes_now;
    }
    base = address;
    length = size;
  }
  if (base == nullptr || offset < 0 || bytes < 0) return nullptr;
  if (static_cast<size_t>(offset) + static_cast<size_t>(bytes) > length) return nullptr;
  return base + offset;
}

ssize_t Poller::SendPieces(const Slot& slot, int32_t piece) {
  ssize_t total = 0;
  while (piece >= 0) {
    iovec vector[kMaxVector];
    size_t count = 0;
    size_t bytes = 0;
    for (; piece >= 0 && count < kMaxVector; count++) {
      if (piece >= kMaxPieces) return -EFAULT;
      const int32_t* words = pieces_ + piece * kPieceWords;
      const uint8_t* start = MemoryAt(words[0], words[1], words[2]);
      if (start == nullptr) return -EFAULT;
      vector[count] = {const_cast<uint8_t*>(start), static_cast<size_t>(words[2])};
      bytes += static_cast<size_t>(words[2]);
      // Forwards only, so that no list can be a circle.
      if (words[3] >= 0 && words[3] <= piece) return -EFAULT;
      piece = words[3];
    }
    const ssize_t sent = Send(slot.fd, vector, count);
    counters_.sends++;
    if (sent < 0) return total > 0 && sent == -EAGAIN ? total : sent;
    counters_.bytes_sent += static_cast<uint64_t>(sent);
    total += sent;
    if (static_cast<size_t>(sent) < bytes) break;
  }
  return total;
}

// Sends a Uint8Array of at least one byte from where it lies, as much of it as one send takes. Bytes
// sent, or a negative error number: -ENOBUFS where it has to be sent plainly.
ssize_t Poller::SendWithoutCopy(Slot* slot, napi_value memory, int32_t token) {
  napi_typedarray_type type;
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_typedarray_info(env_, memory, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array || length == 0) {
    return -EINVAL;
  }
  const int error = slot->zero_copy == nullptr ? AllowZeroCopy(slot->fd) : 0;
  if (error == 0 && slot->zero_copy == nullptr) slot->zero_copy = std::make_unique<ZeroCopySends>();
  napi_ref reference = nullptr;
  if (error != 0 || slot->zero_copy->IsFull() ||
      napi_create_reference(env_, memory, 1, &reference) != napi_ok) {
    counters_.zero_copy_fallbacks++;
    return -ENOBUFS;
  }
  const ssize_t sent = SendZeroCopy(slot->fd, data, std::min(length, kMaxZeroCopyBytes));
  counters_.sends++;
  if (sent > 0) {
    slot->zero_copy->Add(reference, token);
    counters_.zero_copy_sends++;
    counters_.zero_copy_outstanding++;
    counters_.bytes_sent += static_cast<uint64_t>(sent);
    return sent;
  }
  napi_delete_reference(env_, reference);
  if (!MustCopy(sent)) return sent;
  counters_.zero_copy_fallbacks++;
  return -ENOBUFS;
}

// Sends the pieces of `count` connections and writes what became of each beside it.
void Poller::Flush(int count) {
  for (auto& location : located_) location = {nullptr, 0};
  for (int i = 0; i < count; i++) {
    int32_t* send = sends_ + i * kSendWords;
    const Slot* slot = slots_.Find(send[0]);
    send[2] = slot == nullptr || slot->kind != SlotKind::kConnection
                  ? -EBADF
                  : static_cast<int32_t>(SendPieces(*slot, send[1]));
  }
}

}  // namespace carillon
