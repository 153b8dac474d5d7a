// What the addon hands to JavaScript.
#include <node_api.h>

#include "descriptors.h"
#include "event_fd.h"
#include "file_lock.h"
#include "mapping.h"
#include "poller.h"
#include "socket_pair.h"
#include "values.h"

namespace {

using namespace carillon;

napi_value Init(napi_env env, napi_value exports) {
  napi_value limits = nullptr;
  const bool is_ready =
      napi_set_named_property(env, exports, "Poller", Poller::Define(env)) == napi_ok &&
      DefineDescriptors(env, exports) && DefineEventFd(env, exports) &&
      DefineSocketPair(env, exports) && DefineMapping(env, exports) &&
      DefineFileLock(env, exports) &&
      napi_create_object(env, &limits) == napi_ok &&
      SetNumber(env, limits, "maxPieces", kMaxPieces) &&
      SetNumber(env, limits, "maxSends", kMaxSends) &&
      SetNumber(env, limits, "arenaBytes", kArenaBytes) &&
      SetNumber(env, limits, "receiveBuffers", kReceiveBuffers) &&
      SetNumber(env, limits, "receiveBufferBytes", kReceiveBufferBytes) &&
      napi_set_named_property(env, exports, "limits", limits) == napi_ok;
  return is_ready ? exports : ThrowType(env, "the addon could not be set up");
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
