// Files and devices as memory for JavaScript, and its guard against files that are cut short.
#pragma once

#include <node_api.h>

namespace carillon {

// Adds the functions over mappings to the addon. False where that failed.
bool DefineMapping(napi_env env, napi_value exports);

}  // namespace carillon
