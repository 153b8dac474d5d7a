// Locks over a whole file, which last as long as its descriptor.
#pragma once

#include <node_api.h>

namespace carillon {

// Adds the function over them to the addon. False where that failed.
bool DefineFileLock(napi_env env, napi_value exports);

}  // namespace carillon
