#include "zero_copy.h"

namespace carillon {

void ZeroCopySends::Add(napi_ref memory, int32_t token) {
  sends_.push_back({memory, token});
  outstanding_++;
}

void ZeroCopySends::Abandon(napi_env env) {
  for (Send& send : sends_) {
    if (send.memory != nullptr) LetGo(env, &send);
  }
  Shorten();
}

void ZeroCopySends::LetGo(napi_env env, Send* send) {
  napi_delete_reference(env, send->memory);
  send->memory = nullptr;
  outstanding_--;
}

void ZeroCopySends::Shorten() {
  while (!sends_.empty() && sends_.front().memory == nullptr) {
    sends_.pop_front();
    first_++;
  }
}

}  // namespace carillon
