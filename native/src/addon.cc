// What the addon hands to JavaScript.
#include <node_api.h>

#include "event_fd.h"
#include "poller.h"
#include "values.h"

namespace {

using namespace carillon;

napi_value Init(napi_env env, napi_value exports) {
  napi_set_named_property(env, exports, "Poller", Poller::Define(env));
  DefineEventFd(env, exports);
  napi_value limits;
  napi_create_object(env, &limits);
  SetNumber(env, limits, "maxPieces", kMaxPieces);
  SetNumber(env, limits, "maxSends", kMaxSends);
  SetNumber(env, limits, "maxChunks", kMaxVector);
  napi_set_named_property(env, exports, "limits", limits);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
