#include "event_fd.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <unordered_map>

#include "values.h"

namespace carillon {

namespace {

// Of the whole process, as the descriptors are. Each thread has its own copy of the JavaScript, but
// the addon is loaded once.
std::mutex mutex;
std::unordered_map<uint32_t, int>& Table() {
  // Never destroyed: a thread may still signal while the process ends.
  static auto* table = new std::unordered_map<uint32_t, int>;
  return *table;
}
uint32_t last_handle = 0;

int32_t Add(int fd) {
  const std::lock_guard<std::mutex> lock(mutex);
  // Positive as a 32-bit signed number; two thousand million eventfds are a year of 68 a second.
  last_handle = last_handle == INT32_MAX ? 1 : last_handle + 1;
  Table()[last_handle] = fd;
  return static_cast<int32_t>(last_handle);
}

// () -> handle, or a negative error number.
napi_value Create(napi_env env, napi_callback_info) {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return FromInt32(env, fd < 0 ? -errno : Add(fd));
}

// (fd) -> handle of a copy of the descriptor, or a negative error number.
napi_value Adopt(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int32_t fd;
  if (!ToInt32(env, arguments.values[0], &fd)) return nullptr;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return FromInt32(env, copy < 0 ? -errno : Add(copy));
}

// (handle) -> 0, or a negative error number: -EBADF where it is closed.
napi_value Signal(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int32_t handle;
  if (!ToInt32(env, arguments.values[0], &handle)) return nullptr;
  int error = 0;
  {
    // Held over the write, so that the descriptor is not closed, and its number not used again,
    // between the look and the write.
    const std::lock_guard<std::mutex> lock(mutex);
    const auto entry = Table().find(static_cast<uint32_t>(handle));
    const uint64_t one = 1;
    if (entry == Table().end()) {
      error = -EBADF;
    } else if (write(entry->second, &one, sizeof one) < 0 && errno != EAGAIN) {
      // EAGAIN is a counter that is full: whoever waits has been woken many times over.
      error = -errno;
    }
  }
  return FromInt32(env, error);
}

// (handle) -> the descriptor, or -1.
napi_value Descriptor(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int32_t handle;
  if (!ToInt32(env, arguments.values[0], &handle)) return nullptr;
  return FromInt32(env, EventFdOf(static_cast<uint32_t>(handle)));
}

napi_value Close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int32_t handle;
  if (!ToInt32(env, arguments.values[0], &handle)) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto entry = Table().find(static_cast<uint32_t>(handle));
  if (entry != Table().end()) {
    close(entry->second);
    Table().erase(entry);
  }
  return nullptr;
}

}  // namespace

int EventFdOf(uint32_t handle) {
  const std::lock_guard<std::mutex> lock(mutex);
  const auto entry = Table().find(handle);
  return entry == Table().end() ? -1 : entry->second;
}

void DefineEventFd(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"createEventFd", nullptr, Create, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"adoptEventFd", nullptr, Adopt, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"signalEventFd", nullptr, Signal, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"eventFdDescriptor", nullptr, Descriptor, nullptr, nullptr, nullptr, napi_enumerable,
       nullptr},
      {"closeEventFd", nullptr, Close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
}

}  // namespace carillon
