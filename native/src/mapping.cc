#include "mapping.h"

#include <sys/mman.h>

#include <cerrno>

#include "sigbus_guard.h"
#include "values.h"

namespace carillon {

namespace {

// The index of a guard, as what its memory is wrapped around. Not null for 0.
void* FromIndex(int32_t index) { return reinterpret_cast<void*>(intptr_t{index} + 1); }

int32_t ToIndex(void* wrapped) {
  return static_cast<int32_t>(reinterpret_cast<intptr_t>(wrapped) - 1);
}

bool ToMemory(napi_env env, napi_value value, void** start, size_t* bytes) {
  if (napi_get_arraybuffer_info(env, value, start, bytes) == napi_ok) return true;
  ThrowType(env, "expected an ArrayBuffer");
  return false;
}

// When JavaScript has let go of the memory. `hint` is its length.
void Unmap(napi_env, void* start, void* hint) {
  munmap(start, static_cast<size_t>(reinterpret_cast<uintptr_t>(hint)));
}

// (fd, offset, bytes, writable) -> ArrayBuffer, or a negative error number.
napi_value Map(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  int32_t fd;
  int64_t offset;
  int64_t bytes;
  bool writable;
  if (!ToInt32(env, arguments.values[0], &fd) || !ToInt64(env, arguments.values[1], &offset) ||
      !ToInt64(env, arguments.values[2], &bytes) || !ToBool(env, arguments.values[3], &writable)) {
    return nullptr;
  }
  if (bytes <= 0) return FromInt32(env, -EINVAL);
  const auto length = static_cast<size_t>(bytes);
  void* start = mmap(nullptr, length, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
                     offset);
  if (start == MAP_FAILED) return FromInt32(env, -errno);
  napi_value memory = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, start, length, Unmap, reinterpret_cast<void*>(length), &memory);
  if (status == napi_ok) return memory;
  // Only then nobody has taken charge of it.
  if (status == napi_no_external_buffers_allowed) munmap(start, length);
  return FromInt32(env, -ENOTSUP);
}

// (ArrayBuffer) -> the index of its flag, or a negative error number. It ends with `release`, or
// when JavaScript has let go of the memory.
napi_value Guard(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  void* start = nullptr;
  size_t bytes = 0;
  if (!ToMemory(env, arguments.values[0], &start, &bytes)) return nullptr;
  const int32_t index = AddGuard(start, bytes);
  if (index < 0) return FromInt32(env, index);
  const napi_status status = napi_wrap(
      env, arguments.values[0], FromIndex(index),
      [](napi_env, void* wrapped, void*) { RemoveGuard(ToIndex(wrapped)); }, nullptr, nullptr);
  if (status == napi_ok) return FromInt32(env, index);
  RemoveGuard(index);
  return FromInt32(env, -EBUSY);
}

// (index, fd, offset, writable) -> 0, or a negative error number.
napi_value Restore(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  int32_t index;
  int32_t fd;
  int64_t offset;
  bool writable;
  if (!ToInt32(env, arguments.values[0], &index) || !ToInt32(env, arguments.values[1], &fd) ||
      !ToInt64(env, arguments.values[2], &offset) || !ToBool(env, arguments.values[3], &writable)) {
    return nullptr;
  }
  return FromInt32(env, RestoreGuarded(index, fd, offset, writable));
}

// (ArrayBuffer) -> whether no view reaches the memory any more. It is unmapped soon after, by whoever
// mapped it: Node has an owner's finalizer run in a turn of the event loop of its own.
napi_value Release(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  void* wrapped = nullptr;
  if (napi_remove_wrap(env, arguments.values[0], &wrapped) == napi_ok) {
    RemoveGuard(ToIndex(wrapped));
  }
  napi_value result = nullptr;
  const bool is_detached = napi_detach_arraybuffer(env, arguments.values[0]) == napi_ok;
  return napi_get_boolean(env, is_detached, &result) == napi_ok ? result : nullptr;
}

// Static memory, which nobody frees.
bool SetFlags(napi_env env, napi_value exports) {
  napi_value memory = nullptr;
  napi_value words = nullptr;
  return napi_create_external_arraybuffer(env, GuardFlags(), sizeof(int32_t) * kMaxGuards, nullptr,
                                          nullptr, &memory) == napi_ok &&
         napi_create_typedarray(env, napi_int32_array, kMaxGuards, memory, 0, &words) == napi_ok &&
         napi_set_named_property(env, exports, "guardFlags", words) == napi_ok;
}

}  // namespace

bool DefineMapping(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"map", nullptr, Map, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"guard", nullptr, Guard, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"restore", nullptr, Restore, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"release", nullptr, Release, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  const size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok &&
         SetNumber(env, exports, "pageBytes", static_cast<double>(PageBytes())) &&
         SetFlags(env, exports);
}

}  // namespace carillon
