// Eventfds that any thread of the process may signal by number, however long ago their owner closed
// them: a descriptor's number is used again by whatever is opened next, a handle's never is.
#pragma once

#include <node_api.h>

#include <cstdint>

namespace carillon {

// The descriptor behind a handle, or -1.
int EventFdOf(uint32_t handle);

// Adds the functions over eventfds to the addon.
void DefineEventFd(napi_env env, napi_value exports);

}  // namespace carillon
