#include "descriptors.h"

#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <unordered_map>

#include "values.h"

namespace carillon {

namespace {

struct Entry {
  int fd;
  // The thread that closes it: by itself, or by ending.
  napi_env owner;
};

// Of the whole process, as the descriptors are. Each thread has its own copy of the JavaScript, but
// the addon is loaded once, and stays (binding.gyp: nodelete).
std::mutex mutex;
std::unordered_map<int64_t, Entry>& Table() {
  // Never destroyed: a thread may still use one while the process ends.
  static auto* table = new std::unordered_map<int64_t, Entry>;
  return *table;
}
// 2^53, from which on JavaScript would not tell two of them apart, is out of reach.
int64_t last_handle = 0;

void CloseAllOf(void* owner) {
  const std::lock_guard<std::mutex> lock(mutex);
  for (auto entry = Table().begin(); entry != Table().end();) {
    if (entry->second.owner == owner) {
      close(entry->second.fd);
      entry = Table().erase(entry);
    } else {
      ++entry;
    }
  }
}

// (handle) -> the descriptor, or -1.
napi_value Number(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t handle;
  if (!ToInt64(env, arguments.values[0], &handle)) return nullptr;
  const int64_t fd = UseDescriptor(handle, [](int fd) { return int64_t{fd}; });
  return FromInt64(env, fd < 0 ? -1 : fd);
}

// (handle)
napi_value Close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  int64_t handle;
  if (!ToInt64(env, arguments.values[0], &handle)) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto entry = Table().find(handle);
  if (entry != Table().end()) {
    close(entry->second.fd);
    Table().erase(entry);
  }
  return nullptr;
}

}  // namespace

int64_t AddDescriptor(int fd, napi_env owner) {
  const std::lock_guard<std::mutex> lock(mutex);
  Table()[++last_handle] = {fd, owner};
  return last_handle;
}

int64_t UseDescriptor(int64_t handle, const std::function<int64_t(int fd)>& use) {
  // Held over the use, so that the descriptor is not closed, and its number not used again, between
  // the look and the use.
  const std::lock_guard<std::mutex> lock(mutex);
  const auto entry = Table().find(handle);
  return entry == Table().end() ? -EBADF : use(entry->second.fd);
}

bool DefineDescriptors(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"descriptorOf", nullptr, Number, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"closeDescriptor", nullptr, Close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  const size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok &&
         napi_add_env_cleanup_hook(env, CloseAllOf, env) == napi_ok;
}

}  // namespace carillon
