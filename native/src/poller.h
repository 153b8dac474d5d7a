// One epoll instance under libuv's loop: takes what is ready in batches, reads every ready socket
// into one arena, and crosses into JavaScript once for all of it.
#pragma once

#include <node_api.h>
#include <sys/epoll.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "slots.h"

namespace carillon {

// Limits. The ones that JavaScript must know are properties of the addon's `limits`.

// Events taken from the kernel at a time.
constexpr int kMaxEvents = 256;
// Records told to JavaScript at a time. Several can come of one event.
constexpr int kMaxRecords = 1024;
// Connections accepted from one listener at a time, so that a flood of them leaves the rest a turn.
constexpr int kMaxAccepts = 64;
// Most bytes read from one connection at a time: what a fast sender gets in before its turn ends.
constexpr size_t kMaxReadBytes = 256 * 1024;
// Four of the largest reads: within the second-level cache of what this runs on.
constexpr size_t kArenaBytes = 1024 * 1024;
// Reads start at cache lines, at the same places again and again.
constexpr size_t kReadAlignment = 64;
// Less room than this and the arena counts as full.
constexpr size_t kMinReadBytes = 64 * 1024;
// Behind the arena, in the same memory: buffers that are each read into for one connection, behind
// what is kept there of a frame. Each has room for the largest read; all of them are 4 MiB, of which a
// page is there once it was used.
constexpr int kReceiveBuffers = 16;
constexpr size_t kReceiveBufferBytes = kMaxReadBytes;
constexpr size_t kReceivedBytes = kArenaBytes + kReceiveBuffers * kReceiveBufferBytes;
// Where JavaScript gathers what is small and lies elsewhere.
constexpr size_t kOutgoingBytes = 256 * 1024;
// Pieces and connections that can wait for one flush.
constexpr int kMaxPieces = 4096;
constexpr int kMaxSends = 1024;
// Pieces handed to the kernel in one call: its own limit (UIO_MAXIOV).
constexpr int kMaxVector = 1024;
// Registered memories beside the arena and the outgoing memory.
constexpr int kMaxMemories = 64;
// Batches taken without giving way to the rest of the loop, and for how long.
constexpr int kMaxRounds = 16;
constexpr uint64_t kMaxTurnNs = 1'000'000;
// How long the end of a poller waits for the notifications of what devices still have to send, once
// every connection that there is any of was broken off: many times what a busy device takes.
constexpr uint64_t kMaxFarewellNs = 100'000'000;
// Fewer events than this and there is no second look before the loop below blocks.
constexpr int kMinEventsForAnotherRound = 4;

// What a record tells: [slot, kind, a, b].
enum RecordKind : int32_t {
  kData = 1,      // a: offset in the arena, b: bytes
  kEnd,           // the peer's FIN
  kClosed,        // a: error number, or 0
  kWritable,      // there is room to send again
  kAccepted,      // slot: the listener, a: the connection's slot
  kAcceptFailed,  // slot: the listener, a: error number
  kReady,         // a: the events of a watched descriptor
  kFired,         // a: how often since the last time, at most 2^31-1
  kFinished,      // a: token of a zero-copy send that the kernel has finished with
  kGone,          // a released connection's slot is free at last: the kernel has finished with all
};
constexpr int kRecordWords = 4;

// What is kept in a receive buffer: [from, to, how much of the frame is missing], the places counted
// from the arena's beginning. Nothing is kept where it ends where it begins.
constexpr int kReceiveWords = 3;

// A piece to send: [memory, offset, bytes, next piece of the same connection or -1].
constexpr int kPieceWords = 4;
// A connection with pieces: [slot, first piece, outcome]. The outcome is the bytes that were sent,
// or a negative error number.
constexpr int kSendWords = 3;

// Indices of the two memories that are always there.
enum MemoryIndex : int32_t { kArena = 0, kOutgoing, kFirstRegistered };

// libuv's handle and what lives as long as it: longer than a poller, because libuv closes it later.
struct Watcher {
  uv_poll_t poll;
  napi_async_cleanup_hook_handle cleanup = nullptr;
  class Poller* poller = nullptr;

  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&poll); }
};

// Memory that outlives whatever JavaScript does to the ArrayBuffer over it (it may be transferred).
using SharedMemory = std::shared_ptr<uint8_t[]>;

struct Counters {
  uint64_t wakeups = 0;
  uint64_t turns = 0;
  uint64_t records = 0;
  uint64_t reads = 0;
  uint64_t bytes_read = 0;
  uint64_t sends = 0;
  uint64_t bytes_sent = 0;
  uint64_t zero_copy_sends = 0;
  // Of these, those that the kernel made a copy of.
  uint64_t zero_copy_copied = 0;
  // Sends that had to be plain.
  uint64_t zero_copy_fallbacks = 0;
  // Sends that are not finished: a gauge.
  uint64_t zero_copy_outstanding = 0;
};

class Poller {
 public:
  // Makes the class known to JavaScript.
  static napi_value Define(napi_env env);

 private:
  friend struct PollerMethods;

  Poller(napi_env env, uint32_t busy_poll_us);
  ~Poller();

  int Start();
  void Close();
  void Destroy();

  // Returns whether it lingers: then it is told when it has gone.
  bool ReleaseSlot(int32_t index, bool with_reset);

  // A turn.
  static void OnReadable(uv_poll_t* handle, int status, int events);
  void Turn();
  int TakeBatch();
  bool Collect(const epoll_event& event);
  bool CollectConnections(int32_t index);
  bool CollectInput(int32_t index, uint32_t events);
  bool CollectLingering(int32_t index);
  template <typename Callback>
  bool TakeCompletions(Slot* slot, const Callback& finished);
  bool TellFinished(int32_t index);
  void TellError(int32_t index);
  bool Read(int32_t index);
  size_t PlaceBehindKept(int32_t buffer);
  void CollectCount(int32_t index);
  void Tell(int32_t index, RecordKind kind, int32_t a = 0, int32_t b = 0);
  void Dispatch();
  bool HasRoom() const;
  bool HasRoomForFinished() const;

  // Sending.
  void Flush(int count);
  ssize_t SendPieces(const Slot& slot, int32_t piece);
  const uint8_t* MemoryAt(int32_t memory, int32_t offset, int32_t bytes);
  ssize_t SendWithoutCopy(Slot* slot, napi_value memory, int32_t token);
  void BreakOffAwaited();

  napi_env env_;
  napi_ref self_ = nullptr;
  napi_ref on_turn_ = nullptr;
  napi_async_context context_ = nullptr;
  Watcher* watcher_ = nullptr;
  const uint64_t busy_poll_ns_;
  bool in_turn_ = false;
  bool closing_ = false;

  Slots slots_;

  // With the receive buffers.
  SharedMemory arena_;
  SharedMemory outgoing_;
  size_t arena_used_ = 0;
  std::vector<napi_ref> registered_;
  // Where the registered memories lie, looked up once a flush.
  std::vector<std::pair<uint8_t*, size_t>> located_;

  SharedMemory records_memory_;
  SharedMemory pieces_memory_;
  SharedMemory sends_memory_;
  SharedMemory receives_memory_;
  int32_t* records_;
  int32_t* pieces_;
  int32_t* sends_;
  int32_t* receives_;
  int record_count_ = 0;

  epoll_event events_[kMaxEvents];
  Counters counters_;
};

}  // namespace carillon
