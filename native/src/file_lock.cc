#include "file_lock.h"

#include <sys/file.h>

#include <cerrno>

#include "values.h"

namespace carillon {

namespace {

// (fd) -> 0, or a negative error number: -EWOULDBLOCK where somebody else has it.
napi_value Lock(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int32_t fd;
  if (!ToInt32(env, arguments.values[0], &fd)) return nullptr;
  return FromInt32(env, flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0);
}

}  // namespace

bool DefineFileLock(napi_env env, napi_value exports) {
  const napi_property_descriptor lock = {"lockFile", nullptr, Lock, nullptr, nullptr, nullptr,
                                         napi_enumerable, nullptr};
  return napi_define_properties(env, exports, 1, &lock) == napi_ok;
}

}  // namespace carillon
