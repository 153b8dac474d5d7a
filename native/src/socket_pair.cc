#include "socket_pair.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "descriptors.h"
#include "values.h"

namespace carillon {

namespace {

// Bytes read at a time. Each is a bell, and few are ever there at once.
constexpr size_t kBellsMax = 256;

// What has come, all bells in one: 0 where nothing has, -EPIPE where nothing more will.
int64_t TakeBells(int fd) {
  uint8_t bells[kBellsMax];
  uint8_t all = 0;
  for (;;) {
    const ssize_t count = recv(fd, bells, sizeof bells, MSG_DONTWAIT);
    for (ssize_t at = 0; at < count; at++) all |= bells[at];
    if (count == static_cast<ssize_t>(sizeof bells)) continue;
    if (count < 0 && errno == EINTR) continue;
    if (all != 0 || count > 0 || (count < 0 && errno == EAGAIN)) return all;
    return count == 0 ? -EPIPE : -errno;
  }
}

int64_t SendBells(int fd, uint8_t bells) {
  ssize_t count;
  do count = send(fd, &bells, sizeof bells, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  return count < 0 ? -errno : 0;
}

// () -> [handle, handle], or a negative error number.
napi_value Create(napi_env env, napi_callback_info) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) return FromInt32(env, -errno);
  napi_value pair = nullptr;
  napi_create_array_with_length(env, 2, &pair);
  for (uint32_t end = 0; end < 2; end++) {
    napi_set_element(env, pair, end, FromInt64(env, AddDescriptor(fds[end], env)));
  }
  return pair;
}

// (handle) -> the bits of all bytes that have come, or a negative error number.
napi_value Take(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t handle;
  if (!ToInt64(env, arguments.values[0], &handle)) return nullptr;
  return FromInt64(env, UseDescriptor(handle, TakeBells));
}

// (handle, bits) -> 0, or a negative error number: -EAGAIN where there is no room.
napi_value Send(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  int64_t handle;
  int32_t bits;
  if (!ToInt64(env, arguments.values[0], &handle) || !ToInt32(env, arguments.values[1], &bits)) {
    return nullptr;
  }
  const auto bells = static_cast<uint8_t>(bits);
  return FromInt64(env, UseDescriptor(handle, [bells](int fd) { return SendBells(fd, bells); }));
}

}  // namespace

bool DefineSocketPair(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"createSocketPair", nullptr, Create, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"takeBells", nullptr, Take, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"sendBells", nullptr, Send, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  const size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok;
}

}  // namespace carillon
