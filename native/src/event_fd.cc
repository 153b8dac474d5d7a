#include "event_fd.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "values.h"

namespace carillon {

namespace {

struct Entry {
  int fd;
  // The thread that closes it: by itself, or by ending.
  napi_env owner;
};

// Of the whole process, as the descriptors are. Each thread has its own copy of the JavaScript, but
// the addon is loaded once, and stays (binding.gyp: nodelete).
std::mutex mutex;
std::unordered_map<int64_t, Entry>& Table() {
  // Never destroyed: a thread may still signal while the process ends.
  static auto* table = new std::unordered_map<int64_t, Entry>;
  return *table;
}
// 2^53, from which on JavaScript would not tell two of them apart, is out of reach.
int64_t last_handle = 0;

int64_t Add(int fd, napi_env owner) {
  const std::lock_guard<std::mutex> lock(mutex);
  Table()[++last_handle] = {fd, owner};
  return last_handle;
}

void CloseAllOf(void* owner) {
  const std::lock_guard<std::mutex> lock(mutex);
  for (auto entry = Table().begin(); entry != Table().end();) {
    if (entry->second.owner == owner) {
      close(entry->second.fd);
      entry = Table().erase(entry);
    } else {
      ++entry;
    }
  }
}

bool IsEventFd(int fd) {
  char path[32];
  char target[32] = {};
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return readlink(path, target, sizeof target - 1) > 0 && strstr(target, "[eventfd]") != nullptr;
}

// A copy that never blocks, or a negative error number.
int CopyForeign(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return -errno;
  const int flags = fcntl(copy, F_GETFL);
  if (IsEventFd(copy) && flags >= 0 && fcntl(copy, F_SETFL, flags | O_NONBLOCK) == 0) return copy;
  close(copy);
  return -EINVAL;
}

// () -> handle, or a negative error number.
napi_value Create(napi_env env, napi_callback_info) {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return FromInt64(env, fd < 0 ? -errno : Add(fd, env));
}

// (fd) -> handle of a copy of the descriptor, or a negative error number.
napi_value Adopt(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int32_t fd;
  if (!ToInt32(env, arguments.values[0], &fd)) return nullptr;
  const int copy = CopyForeign(fd);
  return FromInt64(env, copy < 0 ? copy : Add(copy, env));
}

// (handle) -> 0, or a negative error number: -EBADF where it is closed.
napi_value Signal(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t handle;
  if (!ToInt64(env, arguments.values[0], &handle)) return nullptr;
  int error = 0;
  {
    // Held over the write, so that the descriptor is not closed, and its number not used again,
    // between the look and the write.
    const std::lock_guard<std::mutex> lock(mutex);
    const auto entry = Table().find(handle);
    const uint64_t one = 1;
    if (entry == Table().end()) {
      error = -EBADF;
    } else if (write(entry->second.fd, &one, sizeof one) < 0 && errno != EAGAIN) {
      // EAGAIN is a counter that is full: whoever waits has been woken many times over.
      error = -errno;
    }
  }
  return FromInt32(env, error);
}

// (handle) -> the descriptor, or -1.
napi_value Descriptor(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t handle;
  if (!ToInt64(env, arguments.values[0], &handle)) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto entry = Table().find(handle);
  return FromInt32(env, entry == Table().end() ? -1 : entry->second.fd);
}

napi_value Close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t handle;
  if (!ToInt64(env, arguments.values[0], &handle)) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto entry = Table().find(handle);
  if (entry != Table().end()) {
    close(entry->second.fd);
    Table().erase(entry);
  }
  return nullptr;
}

}  // namespace

int CopyEventFd(int64_t handle) {
  const std::lock_guard<std::mutex> lock(mutex);
  const auto entry = Table().find(handle);
  if (entry == Table().end()) return -EBADF;
  const int copy = fcntl(entry->second.fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? -errno : copy;
}

bool DefineEventFd(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"createEventFd", nullptr, Create, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"adoptEventFd", nullptr, Adopt, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"signalEventFd", nullptr, Signal, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"eventFdDescriptor", nullptr, Descriptor, nullptr, nullptr, nullptr, napi_enumerable,
       nullptr},
      {"closeEventFd", nullptr, Close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  const size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok &&
         napi_add_env_cleanup_hook(env, CloseAllOf, env) == napi_ok;
}

}  // namespace carillon
