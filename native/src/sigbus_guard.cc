#include "sigbus_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>

namespace carillon {

namespace {

// A range in one word, so that the handler never sees half of one: the number of its first page,
// then how many pages there are. 43 bits of pages reach further than a process's memory does, and
// 2^21 pages are twice what a region's 32-bit offsets reach. 0 is none.
constexpr uint64_t kCountBits = 21;
constexpr uint64_t kCountMask = (uint64_t{1} << kCountBits) - 1;

std::atomic<uint64_t> ranges[kMaxGuards];
std::atomic<int32_t> flags[kMaxGuards];
static_assert(std::atomic<uint64_t>::is_always_lock_free, "the handler must not wait");
static_assert(sizeof(std::atomic<int32_t>) == sizeof(int32_t), "JavaScript reads them as words");

// Held by whoever changes a range, never by the handler.
std::mutex mutex;
bool is_installed = false;
// Both are stored before the handler is installed.
uintptr_t page_bytes = 0;
struct sigaction previous;

uintptr_t StartOf(uint64_t range) { return (range >> kCountBits) * page_bytes; }

size_t BytesOf(uint64_t range) { return (range & kCountMask) * page_bytes; }

// Puts zeros in place of every range that holds the address. False where there is none, or no memory.
//
// mmap is a bare system call on Linux: it takes no lock, and what it changes of this thread is errno.
bool Replace(uintptr_t address) {
  bool is_replaced = false;
  for (int32_t i = 0; i < kMaxGuards; i++) {
    // Acquire: pairs with the release in AddGuard.
    const uint64_t range = ranges[i].load(std::memory_order_acquire);
    // Not less than 0: an address below the start is far above any length.
    if (range == 0 || address - StartOf(range) >= BytesOf(range)) continue;
    const void* zeros =
        mmap(reinterpret_cast<void*>(StartOf(range)), BytesOf(range), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) return false;
    // Release: who finds the flag finds the zeros.
    flags[i].store(1, std::memory_order_release);
    is_replaced = true;
  }
  return is_replaced;
}

// As if this handler were not there.
void HandOn(int number, siginfo_t* info, void* context) {
  // What is above 0 the kernel raised for an instruction, which it runs again when this returns.
  const bool is_raised = info->si_code > 0;
  const bool is_default = previous.sa_handler == SIG_DFL;
  // What an instruction raises cannot be ignored: the kernel ends the process.
  if (previous.sa_handler == SIG_IGN && !is_raised) return;
  if (!is_default && previous.sa_handler != SIG_IGN) {
    if ((previous.sa_flags & SA_SIGINFO) != 0) previous.sa_sigaction(number, info, context);
    else previous.sa_handler(number);
    return;
  }
  struct sigaction by_default = {};
  by_default.sa_handler = SIG_DFL;
  sigaction(number, &by_default, nullptr);
  // Held back until this returns.
  if (!is_raised) raise(number);
}

void OnSigbus(int number, siginfo_t* info, void* context) {
  const int error = errno;
  // An access that is not aligned is an error of ours, whatever memory it is to.
  const bool can_be_ours = info->si_code > 0 && info->si_code != BUS_ADRALN;
  const bool is_ours = can_be_ours && Replace(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = error;
  if (!is_ours) HandOn(number, info, context);
}

// Once in a process: whoever installs a handler later, and hands on to this one, must not be handed
// back to. V8 and Node have none for SIGBUS on Linux; WebAssembly's traps are SIGSEGV there.
int Install() {
  if (is_installed) return 0;
  page_bytes = PageBytes();
  struct sigaction action = {};
  action.sa_sigaction = OnSigbus;
  // On a signal stack where the thread has one, as whoever was there before may count on.
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  if (sigaction(SIGBUS, nullptr, &previous) != 0) return -errno;
  if (sigaction(SIGBUS, &action, nullptr) != 0) return -errno;
  is_installed = true;
  return 0;
}

}  // namespace

size_t PageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

int32_t AddGuard(const void* start, size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex);
  const int error = Install();
  if (error != 0) return error;
  const auto address = reinterpret_cast<uintptr_t>(start);
  // The rest of the last page is mapped as well.
  const uint64_t count = bytes / page_bytes + (bytes % page_bytes != 0 ? 1 : 0);
  if (address % page_bytes != 0 || count == 0 || count > kCountMask) return -EINVAL;
  for (int32_t i = 0; i < kMaxGuards; i++) {
    // Relaxed: only who holds the lock stores it.
    if (ranges[i].load(std::memory_order_relaxed) != 0) continue;
    flags[i].store(0, std::memory_order_relaxed);
    // Release: the flag is taken back before the handler finds the range.
    ranges[i].store(uint64_t{address / page_bytes} << kCountBits | count,
                    std::memory_order_release);
    return i;
  }
  return -ENOSPC;
}

void RemoveGuard(int32_t index) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (index >= 0 && index < kMaxGuards) ranges[index].store(0, std::memory_order_release);
}

int32_t RestoreGuarded(int32_t index, int fd, int64_t offset, bool writable) {
  const std::lock_guard<std::mutex> lock(mutex);
  // Relaxed: only who holds the lock stores it.
  const uint64_t range =
      index >= 0 && index < kMaxGuards ? ranges[index].load(std::memory_order_relaxed) : 0;
  if (range == 0) return -EINVAL;
  const void* restored =
      mmap(reinterpret_cast<void*>(StartOf(range)), BytesOf(range),
           writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset);
  if (restored == MAP_FAILED) return -errno;
  // Release: who finds no flag finds the file.
  flags[index].store(0, std::memory_order_release);
  return 0;
}

int32_t* GuardFlags() { return reinterpret_cast<int32_t*>(flags); }

}  // namespace carillon
