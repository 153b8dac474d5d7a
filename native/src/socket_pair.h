// Two connected sockets of bytes: one for this process, the other for one that it starts.
#pragma once

#include <node_api.h>

namespace carillon {

// Adds the functions over them to the addon. False where that failed.
bool DefineSocketPair(napi_env env, napi_value exports);

}  // namespace carillon
