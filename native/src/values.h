// The few conversions between JavaScript's values and ours. The callers are this package's own
// TypeScript, which checks what users pass; a wrong type here becomes a TypeError, not undefined
// behaviour.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>

namespace carillon {

template <size_t kCount>
struct Arguments {
  napi_value values[kCount] = {};
  napi_value self = nullptr;
  void* data = nullptr;

  Arguments(napi_env env, napi_callback_info info) {
    size_t count = kCount;
    napi_get_cb_info(env, info, &count, values, &self, &data);
  }
};

inline napi_value ThrowType(napi_env env, const char* message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

inline bool ToInt32(napi_env env, napi_value value, int32_t* result) {
  if (napi_get_value_int32(env, value, result) == napi_ok) return true;
  ThrowType(env, "expected a number");
  return false;
}

// Of a fraction its whole part, of what is no finite number 0.
inline bool ToInt64(napi_env env, napi_value value, int64_t* result) {
  if (napi_get_value_int64(env, value, result) == napi_ok) return true;
  ThrowType(env, "expected a number");
  return false;
}

inline bool ToBool(napi_env env, napi_value value, bool* result) {
  if (napi_get_value_bool(env, value, result) == napi_ok) return true;
  ThrowType(env, "expected a boolean");
  return false;
}

inline napi_value FromInt32(napi_env env, int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

inline napi_value FromInt64(napi_env env, int64_t value) {
  napi_value result = nullptr;
  napi_create_int64(env, value, &result);
  return result;
}

inline napi_value FromDouble(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

inline bool SetNumber(napi_env env, napi_value object, const char* name, double value) {
  return napi_set_named_property(env, object, name, FromDouble(env, value)) == napi_ok;
}

}  // namespace carillon
