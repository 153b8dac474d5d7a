// Memory that is mapped from a file outlives the file's end: whoever touches a page behind it gets
// SIGBUS, and dies. In a range that is guarded, the pages are replaced with zeros of this process's
// own instead, all of the range at once, and a flag tells. Whoever mapped it, and in any thread.
//
// Any other SIGBUS goes to whoever handled it before the first range was guarded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace carillon {

// Ranges at a time, in the whole process: one for each region that is mapped. The handler looks at
// all of them.
constexpr int32_t kMaxGuards = 1024;

// Guards a range that was mapped: its index, or a negative error number. -EINVAL where it does not
// start on a page or is larger than any region, -ENOSPC where there are kMaxGuards already.
int32_t AddGuard(const void* start, size_t bytes);

// Before the range is unmapped.
void RemoveGuard(int32_t index);

// Maps a file over the range anew, and takes its flag back. 0, or a negative error number.
int32_t RestoreGuarded(int32_t index, int fd, int64_t offset, bool writable);

// The flags of all ranges, by their indices: not 0 where the file's memory was replaced. The handler
// writes them.
int32_t* GuardFlags();

size_t PageBytes();

}  // namespace carillon
