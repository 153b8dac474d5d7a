#include "event_fd.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "descriptors.h"
#include "values.h"

namespace carillon {

namespace {

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

int64_t AddOne(int fd) {
  const uint64_t one = 1;
  // EAGAIN is a counter that is full: whoever waits has been woken many times over.
  return write(fd, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0;
}

// () -> handle, or a negative error number.
napi_value Create(napi_env env, napi_callback_info) {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return FromInt64(env, fd < 0 ? -errno : AddDescriptor(fd, env));
}

// (fd) -> handle of a copy of the descriptor, or a negative error number.
napi_value Adopt(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int32_t fd;
  if (!ToInt32(env, arguments.values[0], &fd)) return nullptr;
  const int copy = CopyForeign(fd);
  return FromInt64(env, copy < 0 ? copy : AddDescriptor(copy, env));
}

// (handle) -> 0, or a negative error number: -EBADF where it is closed.
napi_value Signal(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t handle;
  if (!ToInt64(env, arguments.values[0], &handle)) return nullptr;
  return FromInt64(env, UseDescriptor(handle, AddOne));
}

}  // namespace

int CopyEventFd(int64_t handle) {
  return static_cast<int>(UseDescriptor(handle, [](int fd) {
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return int64_t{copy < 0 ? -errno : copy};
  }));
}

bool DefineEventFd(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"createEventFd", nullptr, Create, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"adoptEventFd", nullptr, Adopt, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"signalEventFd", nullptr, Signal, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  const size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok;
}

}  // namespace carillon
