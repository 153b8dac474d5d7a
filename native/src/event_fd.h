// Eventfds that any thread of the process may signal by their handle.
#pragma once

#include <node_api.h>

#include <cstdint>

namespace carillon {

// A descriptor of the caller's own for the eventfd behind a handle, or a negative error number:
// -EBADF where it is closed.
int CopyEventFd(int64_t handle);

// Adds the functions over eventfds to the addon. False where that failed.
bool DefineEventFd(napi_env env, napi_value exports);

}  // namespace carillon
