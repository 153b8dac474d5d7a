// Descriptors that any thread of the process may use by number, however long ago their owner closed
// them: a descriptor's number is used again by whatever is opened next, a handle's never is. A thread
// that ends closes its own.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <functional>

namespace carillon {

// A handle for a descriptor, which is the table's from here on.
int64_t AddDescriptor(int fd, napi_env owner);

// Calls `use` with the descriptor behind a handle, which nobody closes meanwhile, and returns what it
// does; -EBADF where it is closed.
int64_t UseDescriptor(int64_t handle, const std::function<int64_t(int fd)>& use);

// Adds the functions over descriptors to the addon, which closes a thread's when that ends. False
// where that failed.
bool DefineDescriptors(napi_env env, napi_value exports);

}  // namespace carillon
