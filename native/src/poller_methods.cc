// The class Poller as JavaScript sees it. Failures of the system come back as negative error
// numbers, which the TypeScript above turns into errors.
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "event_fd.h"
#include "poller.h"
#include "values.h"

namespace carillon {

namespace {

constexpr napi_type_tag kPollerTag = {0x5d3fb19a0c2e4f61, 0x9a7e6b1c84d2f035};

// One byte more than the longest address, so that a longer text shows and is not cut to one that fits.
constexpr size_t kHostArgumentBytes = kMaxHostBytes + 1;

constexpr int64_t kMicrosPerSecond = 1'000'000;

timespec ToTimespec(double micros) {
  const auto whole = static_cast<int64_t>(micros);
  return {static_cast<time_t>(whole / kMicrosPerSecond),
          static_cast<long>(whole % kMicrosPerSecond * 1000)};
}

napi_value ViewOf(napi_env env, const SharedMemory& memory, size_t bytes, napi_typedarray_type type,
                  size_t elements) {
  napi_value buffer = nullptr;
  napi_value view = nullptr;
  auto* holder = new SharedMemory(memory);
  const napi_status status = napi_create_external_arraybuffer(
      env, memory.get(), bytes,
      [](napi_env, void*, void* hint) { delete static_cast<SharedMemory*>(hint); }, holder,
      &buffer);
  if (status != napi_ok) {
    delete holder;
    napi_throw_error(env, "ENOTSUP", "this Node allows no memory of an addon's own");
    return nullptr;
  }
  return napi_create_typedarray(env, type, elements, buffer, 0, &view) == napi_ok ? view : nullptr;
}

napi_value BytesView(napi_env env, const SharedMemory& memory, size_t bytes) {
  return ViewOf(env, memory, bytes, napi_uint8_array, bytes);
}

napi_value WordsView(napi_env env, const SharedMemory& memory, size_t words) {
  return ViewOf(env, memory, words * sizeof(int32_t), napi_int32_array, words);
}

// As Node has the system's errors: `code`, `errno` (negative) and `syscall`.
napi_value ThrowSystem(napi_env env, const char* syscall, int error) {
  napi_value code = nullptr;
  napi_value message = nullptr;
  napi_value call = nullptr;
  napi_value thrown = nullptr;
  const bool is_ready =
      napi_create_string_utf8(env, uv_err_name(error), NAPI_AUTO_LENGTH, &code) == napi_ok &&
      napi_create_string_utf8(env, uv_strerror(error), NAPI_AUTO_LENGTH, &message) == napi_ok &&
      napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &call) == napi_ok &&
      napi_create_error(env, code, message, &thrown) == napi_ok &&
      napi_set_named_property(env, thrown, "syscall", call) == napi_ok &&
      SetNumber(env, thrown, "errno", error) && napi_throw(env, thrown) == napi_ok;
  return is_ready ? nullptr : ThrowType(env, "the poller could not be made");
}

napi_value AddressValue(napi_env env, const SocketAddress& address) {
  char host[kMaxHostBytes] = {};
  const uint16_t port = FormatAddress(address, host);
  napi_value result = nullptr;
  napi_value text = nullptr;
  const bool is_ready = napi_create_object(env, &result) == napi_ok &&
                        napi_create_string_utf8(env, host, NAPI_AUTO_LENGTH, &text) == napi_ok &&
                        napi_set_named_property(env, result, "host", text) == napi_ok &&
                        SetNumber(env, result, "port", port);
  return is_ready ? result : ThrowType(env, "no address");
}

}  // namespace

struct PollerMethods {
  // A call's poller and its number arguments, checked. `poller` is null where the call threw.
  template <size_t kCount>
  struct Call {
    Arguments<kCount> arguments;
    Poller* poller = nullptr;
    int32_t numbers[kCount] = {};

    Call(napi_env env, napi_callback_info info, size_t number_count) : arguments(env, info) {
      bool is_ours = false;
      napi_check_object_type_tag(env, arguments.self, &kPollerTag, &is_ours);
      void* wrapped = nullptr;
      if (!is_ours || napi_unwrap(env, arguments.self, &wrapped) != napi_ok) {
        ThrowType(env, "not a Poller");
        return;
      }
      for (size_t i = 0; i < number_count; i++) {
        if (!ToInt32(env, arguments.values[i], &numbers[i])) return;
      }
      auto* candidate = static_cast<Poller*>(wrapped);
      if (candidate->watcher_ == nullptr) {
        ThrowType(env, "the poller is destroyed");
        return;
      }
      poller = candidate;
    }

    // The slot that the first argument names.
    Slot* SlotNamed() const { return poller->slots_.Find(numbers[0]); }
  };

  // new Poller(onTurn, busyPollUs)
  static napi_value Construct(napi_env env, napi_callback_info info) {
    const Arguments<2> arguments(env, info);
    napi_valuetype type = napi_undefined;
    napi_typeof(env, arguments.values[0], &type);
    int32_t busy_poll_us;
    if (type != napi_function) return ThrowType(env, "expected a function");
    if (!ToInt32(env, arguments.values[1], &busy_poll_us)) return nullptr;
    auto* poller = new Poller(env, static_cast<uint32_t>(busy_poll_us));
    const int error = poller->Start();
    if (error != 0) {
      delete poller;
      return ThrowSystem(env, "epoll_create1", error);
    }
    if (napi_wrap(
            env, arguments.self, poller,
            [](napi_env, void* data, void*) { Finalize(static_cast<Poller*>(data)); }, nullptr,
            &poller->self_) != napi_ok) {
      poller->self_ = nullptr;
      poller->Destroy();
      delete poller;
      return ThrowType(env, "expected to be called with new");
    }
    if (!SetUp(env, poller, arguments.self, arguments.values[0])) {
      poller->Destroy();
      return ThrowType(env, "the poller could not be set up");
    }
    return nullptr;
  }

  // The rest of what a wrapped poller needs. False where something failed.
  static bool SetUp(napi_env env, Poller* poller, napi_value self, napi_value on_turn) {
    // Until it is destroyed, the poller holds its object.
    napi_value name = nullptr;
    if (napi_reference_ref(env, poller->self_, nullptr) != napi_ok ||
        napi_create_reference(env, on_turn, 1, &poller->on_turn_) != napi_ok ||
        napi_type_tag_object(env, self, &kPollerTag) != napi_ok ||
        napi_create_string_utf8(env, "carillon:poller", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_async_init(env, self, name, &poller->context_) != napi_ok) {
      return false;
    }
    const struct {
      const char* name;
      napi_value value;
    } views[] = {
        {"arena", BytesView(env, poller->arena_, kReceivedBytes)},
        {"outgoing", BytesView(env, poller->outgoing_, kOutgoingBytes)},
        {"records", WordsView(env, poller->records_memory_, kRecordWords * kMaxRecords)},
        {"pieces", WordsView(env, poller->pieces_memory_, kPieceWords * kMaxPieces)},
        {"sends", WordsView(env, poller->sends_memory_, kSendWords * kMaxSends)},
        {"receives", WordsView(env, poller->receives_memory_, kReceiveWords * kReceiveBuffers)},
    };
    for (const auto& view : views) {
      if (view.value == nullptr ||
          napi_set_named_property(env, self, view.name, view.value) != napi_ok) {
        return false;
      }
    }
    return true;
  }

  static void Finalize(Poller* poller) {
    poller->Destroy();
    napi_delete_reference(poller->env_, poller->self_);
    delete poller;
  }

  // destroy(): closes every descriptor of the poller. Every later call throws.
  static napi_value Destroy(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 0);
    if (call.poller != nullptr) call.poller->Destroy();
    return nullptr;
  }

  // hold(): the loop goes on while the poller waits.
  static napi_value Hold(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 0);
    if (call.poller != nullptr) uv_ref(call.poller->watcher_->handle());
    return nullptr;
  }

  static napi_value LetGo(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 0);
    if (call.poller != nullptr) uv_unref(call.poller->watcher_->handle());
    return nullptr;
  }

  // listen(port, backlog, keepAliveS, reusePort, noDelay, host) -> slot
  static napi_value ListenAt(napi_env env, napi_callback_info info) {
    const Call<6> call(env, info, 3);
    if (call.poller == nullptr) return nullptr;
    bool reuse_port, no_delay;
    if (!ToBool(env, call.arguments.values[3], &reuse_port)) return nullptr;
    if (!ToBool(env, call.arguments.values[4], &no_delay)) return nullptr;
    char host[kHostArgumentBytes] = {};
    size_t length = 0;
    if (napi_get_value_string_utf8(env, call.arguments.values[5], host, sizeof host, &length) !=
        napi_ok) {
      return ThrowType(env, "expected a string");
    }
    SocketAddress address;
    if (!ParseAddress(host, static_cast<uint16_t>(call.numbers[0]), &address)) {
      return FromInt32(env, -EINVAL);
    }
    const int fd = Listen(address, {call.numbers[1], reuse_port});
    if (fd < 0) return FromInt32(env, fd);
    const int slot = call.poller->slots_.Add(fd, SlotKind::kListener, EPOLLIN);
    if (slot < 0) close(fd);
    else call.poller->slots_[slot].settings = {no_delay, call.numbers[2]};
    return FromInt32(env, slot);
  }

  // address(slot) -> { host, port } of a listener, or of a connection's peer
  static napi_value Address(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 1);
    if (call.poller == nullptr) return nullptr;
    const Slot* slot = call.SlotNamed();
    if (slot == nullptr) return ThrowType(env, "no such slot");
    SocketAddress address = slot->peer;
    if (slot->kind == SlotKind::kListener) BoundAddress(slot->fd, &address);
    return AddressValue(env, address);
  }

  // watch(fd, interest) -> slot
  static napi_value Watch(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info, 2);
    if (call.poller == nullptr) return nullptr;
    return FromInt32(env, call.poller->slots_.Add(call.numbers[0], SlotKind::kWatched,
                                               static_cast<uint32_t>(call.numbers[1])));
  }

  // watchEventFd(handle) -> slot
  static napi_value WatchEventFd(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 0);
    int64_t handle;
    if (call.poller == nullptr || !ToInt64(env, call.arguments.values[0], &handle)) return nullptr;
    // A copy: whoever owns the eventfd may close it while it is waited for, and its number must not
    // be read from then.
    const int fd = CopyEventFd(handle);
    if (fd < 0) return FromInt32(env, fd);
    const int slot = call.poller->slots_.Add(fd, SlotKind::kEvent, EPOLLIN);
    if (slot < 0) close(fd);
    return FromInt32(env, slot);
  }

  // addTimer() -> slot
  static napi_value AddTimer(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 0);
    if (call.poller == nullptr) return nullptr;
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) return FromInt32(env, -errno);
    const int slot = call.poller->slots_.Add(fd, SlotKind::kTimer, EPOLLIN);
    if (slot < 0) close(fd);
    return FromInt32(env, slot);
  }

  // setTimer(slot, firstUs, intervalUs) -> 0; 0 for both stops it
  static napi_value SetTimer(napi_env env, napi_callback_info info) {
    const Call<3> call(env, info, 1);
    if (call.poller == nullptr) return nullptr;
    double first, interval;
    if (napi_get_value_double(env, call.arguments.values[1], &first) != napi_ok ||
        napi_get_value_double(env, call.arguments.values[2], &interval) != napi_ok) {
      return ThrowType(env, "expected a number");
    }
    const Slot* slot = call.SlotNamed();
    if (slot == nullptr || slot->kind != SlotKind::kTimer) return FromInt32(env, -EBADF);
    itimerspec times = {ToTimespec(interval), ToTimespec(first)};
    return FromInt32(env, timerfd_settime(slot->fd, 0, &times, nullptr) == 0 ? 0 : -errno);
  }

  // setInterest(slot, events) -> 0
  static napi_value SetInterest(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info, 2);
    if (call.poller == nullptr) return nullptr;
    if (call.SlotNamed() == nullptr) return FromInt32(env, -EBADF);
    return FromInt32(env, call.poller->slots_.SetInterest(call.numbers[0],
                                                   static_cast<uint32_t>(call.numbers[1])));
  }

  // setReceiveBuffer(slot, buffer) -> 0: what a connection is read into; -1 is what all are
  static napi_value SetReceiveBuffer(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info, 2);
    if (call.poller == nullptr) return nullptr;
    Slot* slot = call.SlotNamed();
    if (slot == nullptr || slot->kind != SlotKind::kConnection) return FromInt32(env, -EBADF);
    const int32_t buffer = call.numbers[1];
    if (buffer < -1 || buffer >= kReceiveBuffers) return FromInt32(env, -EINVAL);
    slot->receive_buffer = buffer;
    return FromInt32(env, 0);
  }

  // shutdown(slot) -> 0: sends the FIN
  static napi_value Shutdown(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 1);
    if (call.poller == nullptr) return nullptr;
    const Slot* slot = call.SlotNamed();
    if (slot == nullptr) return FromInt32(env, -EBADF);
    return FromInt32(env, shutdown(slot->fd, SHUT_WR) == 0 ? 0 : -errno);
  }

  // release(slot, withReset) -> whether it lingers: the slot means nothing from here on, and where it
  // lingers, a record tells when it has gone
  static napi_value Release(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info, 1);
    bool with_reset;
    if (call.poller == nullptr || !ToBool(env, call.arguments.values[1], &with_reset)) {
      return nullptr;
    }
    const bool lingers =
        call.SlotNamed() != nullptr && call.poller->ReleaseSlot(call.numbers[0], with_reset);
    napi_value result = nullptr;
    return napi_get_boolean(env, lingers, &result) == napi_ok ? result : nullptr;
  }

  // awaited(slot) -> how many zero-copy sends the kernel has not finished with
  static napi_value Awaited(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 1);
    if (call.poller == nullptr) return nullptr;
    const Slot* slot = call.SlotNamed();
    const bool is_awaited = slot != nullptr && slot->IsAwaited();
    return FromInt32(env, is_awaited ? static_cast<int32_t>(slot->zero_copy->outstanding()) : 0);
  }

  // writeZeroCopy(slot, chunk, token) -> bytes sent, at once; -ENOBUFS: `write` has to send it. Where
  // bytes were sent, the chunk is held until a record tells the token
  static napi_value WriteZeroCopy(napi_env env, napi_callback_info info) {
    const Call<3> call(env, info, 1);
    int32_t token;
    if (call.poller == nullptr || !ToInt32(env, call.arguments.values[2], &token)) return nullptr;
    Slot* slot = call.SlotNamed();
    if (slot == nullptr || slot->kind != SlotKind::kConnection) return FromInt32(env, -EBADF);
    const ssize_t sent = call.poller->SendWithoutCopy(slot, call.arguments.values[1], token);
    return FromInt32(env, static_cast<int32_t>(sent));
  }

  // write(slot, chunks) -> bytes sent: at once, from wherever they lie
  static napi_value Write(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info, 1);
    if (call.poller == nullptr) return nullptr;
    const Slot* slot = call.SlotNamed();
    if (slot == nullptr || slot->kind != SlotKind::kConnection) return FromInt32(env, -EBADF);
    uint32_t count = 0;
    if (napi_get_array_length(env, call.arguments.values[1], &count) != napi_ok) {
      return ThrowType(env, "expected an array");
    }
    iovec vector[kMaxVector];
    size_t used = 0;
    for (uint32_t i = 0; i < count && used < kMaxVector; i++) {
      napi_value chunk = nullptr;
      napi_typedarray_type type;
      void* data = nullptr;
      size_t length = 0;
      if (napi_get_element(env, call.arguments.values[1], i, &chunk) != napi_ok ||
          napi_get_typedarray_info(env, chunk, &type, &length, &data, nullptr, nullptr) !=
              napi_ok ||
          type != napi_uint8_array) {
        return ThrowType(env, "expected a Uint8Array");
      }
      if (length > 0) vector[used++] = {data, length};
    }
    if (used == 0) return FromInt32(env, 0);
    const ssize_t sent = Send(slot->fd, vector, used);
    call.poller->counters_.sends++;
    if (sent > 0) call.poller->counters_.bytes_sent += static_cast<uint64_t>(sent);
    return FromDouble(env, static_cast<double>(sent));
  }

  // flush(count): sends the first `count` of `sends` and writes each one's outcome
  static napi_value Flush(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 1);
    if (call.poller == nullptr) return nullptr;
    if (call.numbers[0] < 0 || call.numbers[0] > kMaxSends) return ThrowType(env, "too many");
    call.poller->Flush(call.numbers[0]);
    return nullptr;
  }

  // registerMemory(bytes) -> its index in pieces, or a negative error number
  static napi_value RegisterMemory(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 0);
    if (call.poller == nullptr) return nullptr;
    napi_typedarray_type type;
    if (napi_get_typedarray_info(env, call.arguments.values[0], &type, nullptr, nullptr, nullptr,
                                 nullptr) != napi_ok ||
        type != napi_uint8_array) {
      return ThrowType(env, "expected a Uint8Array");
    }
    auto& registered = call.poller->registered_;
    size_t index = 0;
    while (index < registered.size() && registered[index] != nullptr) index++;
    if (index == kMaxMemories) return FromInt32(env, -ENOSPC);
    if (index == registered.size()) {
      registered.push_back(nullptr);
      call.poller->located_.emplace_back(nullptr, 0);
    }
    if (napi_create_reference(env, call.arguments.values[0], 1, &registered[index]) != napi_ok) {
      return ThrowType(env, "the memory could not be held");
    }
    call.poller->located_[index] = {nullptr, 0};
    return FromInt32(env, static_cast<int32_t>(index) + kFirstRegistered);
  }

  static napi_value UnregisterMemory(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 1);
    if (call.poller == nullptr || call.numbers[0] < kFirstRegistered) return nullptr;
    const auto index = static_cast<size_t>(call.numbers[0] - kFirstRegistered);
    auto& registered = call.poller->registered_;
    if (index >= registered.size() || registered[index] == nullptr) return nullptr;
    napi_delete_reference(env, registered[index]);
    registered[index] = nullptr;
    return nullptr;
  }

  // stats() -> what happened since the poller was made
  static napi_value Stats(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info, 0);
    if (call.poller == nullptr) return nullptr;
    const Counters& counters = call.poller->counters_;
    napi_value result = nullptr;
    if (napi_create_object(env, &result) != napi_ok) return ThrowType(env, "no object");
    const bool is_ready =
        SetNumber(env, result, "wakeups", static_cast<double>(counters.wakeups)) &&
        SetNumber(env, result, "batches", static_cast<double>(counters.turns)) &&
        SetNumber(env, result, "events", static_cast<double>(counters.records)) &&
        SetNumber(env, result, "reads", static_cast<double>(counters.reads)) &&
        SetNumber(env, result, "bytesRead", static_cast<double>(counters.bytes_read)) &&
        SetNumber(env, result, "sends", static_cast<double>(counters.sends)) &&
        SetNumber(env, result, "bytesSent", static_cast<double>(counters.bytes_sent)) &&
        SetNumber(env, result, "zeroCopySends", static_cast<double>(counters.zero_copy_sends)) &&
        SetNumber(env, result, "zeroCopyCopied", static_cast<double>(counters.zero_copy_copied)) &&
        SetNumber(env, result, "zeroCopyFallbacks",
                  static_cast<double>(counters.zero_copy_fallbacks)) &&
        SetNumber(env, result, "zeroCopyOutstanding",
                  static_cast<double>(counters.zero_copy_outstanding));
    return is_ready ? result : ThrowType(env, "no counters");
  }
};

napi_value Poller::Define(napi_env env) {
  const struct {
    const char* name;
    napi_callback method;
  } methods[] = {
      {"destroy", PollerMethods::Destroy},
      {"hold", PollerMethods::Hold},
      {"letGo", PollerMethods::LetGo},
      {"listen", PollerMethods::ListenAt},
      {"address", PollerMethods::Address},
      {"watch", PollerMethods::Watch},
      {"watchEventFd", PollerMethods::WatchEventFd},
      {"addTimer", PollerMethods::AddTimer},
      {"setTimer", PollerMethods::SetTimer},
      {"setInterest", PollerMethods::SetInterest},
      {"setReceiveBuffer", PollerMethods::SetReceiveBuffer},
      {"shutdown", PollerMethods::Shutdown},
      {"release", PollerMethods::Release},
      {"write", PollerMethods::Write},
      {"writeZeroCopy", PollerMethods::WriteZeroCopy},
      {"awaited", PollerMethods::Awaited},
      {"flush", PollerMethods::Flush},
      {"registerMemory", PollerMethods::RegisterMemory},
      {"unregisterMemory", PollerMethods::UnregisterMemory},
      {"stats", PollerMethods::Stats},
  };
  std::vector<napi_property_descriptor> properties;
  for (const auto& [name, method] : methods) {
    properties.push_back(
        {name, nullptr, method, nullptr, nullptr, nullptr, napi_default_method, nullptr});
  }
  napi_value constructor = nullptr;
  const napi_status status =
      napi_define_class(env, "Poller", NAPI_AUTO_LENGTH, PollerMethods::Construct, nullptr,
                        properties.size(), properties.data(), &constructor);
  return status == napi_ok ? constructor : nullptr;
}

}  // namespace carillon
