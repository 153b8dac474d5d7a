// The memory that the kernel sends from, of one socket: held until its notification has come.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <deque>

#include "sockets.h"

namespace carillon {

// Sends of one connection that the kernel has not finished with. The memory for the notifications of
// a socket is limited too (net.core.optmem_max), and at its default holds some 170 of them.
constexpr size_t kMaxOutstanding = 128;
// Most bytes of one send. The pages of all of what is offered count as locked for the moment, also
// where the kernel takes a part of it, and there is a limit on those (RLIMIT_MEMLOCK, 8 MiB). Still
// many segments, so that notifications are few.
constexpr size_t kMaxZeroCopyBytes = 512 * 1024;

// A send that is over.
struct Finished {
  // What JavaScript knows it by.
  int32_t token;
  bool copied;
};

class ZeroCopySends {
 public:
  // How many the kernel has not finished with.
  size_t outstanding() const { return outstanding_; }

  // Those that finished before an older one count here, so that the list has a limit.
  bool IsFull() const { return sends_.size() >= kMaxOutstanding; }

  // Notes the next send, and keeps its memory from being collected.
  void Add(napi_ref memory, int32_t token);

  // Lets go of the memory of what the kernel has finished with, and calls `finished` for each such
  // send. The kernel is not trusted to name only what there is, nor once.
  template <typename Callback>
  void Complete(napi_env env, const Completion& completion, const Callback& finished) {
    // Numbers go around after 2^32, and differences with them.
    const uint32_t count = completion.last - completion.first + 1;
    uint32_t at = completion.first - first_;
    for (uint32_t i = 0; i < count && i < sends_.size(); i++, at++) {
      if (at >= sends_.size() || sends_[at].memory == nullptr) continue;
      const int32_t token = sends_[at].token;
      LetGo(env, &sends_[at]);
      finished(Finished{token, completion.copied});
    }
    Shorten();
  }

  // Lets go of all memory, finished or not.
  void Abandon(napi_env env);

 private:
  struct Send {
    // Null where it is finished.
    napi_ref memory;
    int32_t token;
  };

  void LetGo(napi_env env, Send* send);
  void Shorten();

  // From the oldest that is not finished on; they may finish in another order.
  std::deque<Send> sends_;
  // The kernel's number of the first of them.
  uint32_t first_ = 0;
  size_t outstanding_ = 0;
};

}  // namespace carillon
