// Eventfds that any thread of the process may signal by number, however long ago their owner closed
// them: a descriptor's number is used again by whatever is opened next, a handle's never is. A thread
// that ends closes its own.
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
