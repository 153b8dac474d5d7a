// Counts what a process copies in user space, and where it came from. Loaded before all else:
//
//   LD_PRELOAD=copy_counter.so CARILLON_COPY_COUNTS=FILE PROGRAM
//
// FILE is as long as struct counts, and has the counts at any time. Processes that the program
// starts are not counted. Every call of memcpy and memmove
// that goes from the program or a library into libc comes by here, those of V8 for TypedArray.set and
// of Node for Buffer.copy as well. A copy of LEAST_BYTES or more is followed:
//
//   incoming   its source was received from a TCP socket, or is a copy of what was
//   outgoing   its source is the shared region, or is a copy of what was there
//   other      neither
//
// A copy into the region ends the way of what came in. Where memory is used again, the latest use
// counts. What this does not see: copies that the compiler, or V8, made loops or single instructions
// of, and those inside libc. The suite looks for these in another way.
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    // Shorter ones are headers, names and numbers; the suite sends blocks of more.
    LEAST_BYTES = 48,
    // Latest places that are remembered: more than a turn of the program's loop makes.
    PLACES = 2048,
    // Mappings of shared files.
    REGIONS_MAX = 16,
    // A shared file that is shorter is no region.
    REGION_BYTES_MIN = 64 * 1024,
};

// As bench/zero-copy/copy-counts.ts reads it.
struct counts {
    uint64_t received_bytes; // from TCP sockets
    uint64_t sent_bytes;     // to TCP sockets
    uint64_t incoming_bytes;
    uint64_t outgoing_bytes;
    uint64_t other_bytes;
    uint64_t short_bytes;  // copies of less than LEAST_BYTES, whatever they are
    uint64_t region_bytes; // into the shared region, wherever from: counted above as well
};

enum origin { UNKNOWN, INCOMING, OUTGOING };

struct place {
    uintptr_t from;
    uintptr_t to;
    enum origin origin;
};

struct region {
    uintptr_t from;
    uintptr_t to;
};

static struct counts unheard;
static struct counts *counts = &unheard;
static struct place places[PLACES];
static uint64_t placed;
static struct region regions[REGIONS_MAX];
static size_t region_count;
// Not a mutex: it is taken before there are threads, and within malloc's own copies.
static bool busy;
// Whether there is a region, or anything was received.
static bool knows;

static void take(void)
{
    while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE)) {
        // Whoever has it may wait for this very processor.
        sched_yield();
    }
}

static void release(void)
{
    __atomic_clear(&busy, __ATOMIC_RELEASE);
}

__attribute__((constructor)) static void open_counts(void)
{
    const char *path = getenv("CARILLON_COPY_COUNTS");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    // What this process starts is not counted.
    unsetenv("CARILLON_COPY_COUNTS");
    unsetenv("LD_PRELOAD");
    if (fd < 0) {
        return;
    }
    // The call itself: a mapping of this library is no region.
    long mapped = syscall(SYS_mmap, NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
    close(fd);
    if (mapped > 0) {
        counts = (struct counts *)mapped;
    }
}

static bool is_region(uintptr_t from, uintptr_t to)
{
    for (size_t i = 0; i < region_count; i++) {
        if (from < regions[i].to && regions[i].from < to) {
            return true;
        }
    }
    return false;
}

// Of bytes of which a part may be from elsewhere: what stands before a block was not copied with it.
static enum origin origin_of(uintptr_t from, uintptr_t to)
{
    if (is_region(from, to)) {
        return OUTGOING;
    }
    uint64_t oldest = placed > PLACES ? placed - PLACES : 0;
    for (uint64_t i = placed; i > oldest; i--) {
        const struct place *place = &places[(i - 1) % PLACES];
        if (from < place->to && place->from < to) {
            return place->origin;
        }
    }
    return UNKNOWN;
}

static void remember(const void *at, size_t bytes, enum origin origin)
{
    places[placed++ % PLACES] = (struct place){(uintptr_t)at, (uintptr_t)at + bytes, origin};
    __atomic_store_n(&knows, true, __ATOMIC_RELAXED);
}

// Something else lies there now.
static void forget(uintptr_t from, uintptr_t to)
{
    size_t count = placed < PLACES ? (size_t)placed : PLACES;
    for (size_t i = 0; i < count; i++) {
        if (from < places[i].to && places[i].from < to) {
            places[i].to = places[i].from;
        }
    }
}

static void count_copy(const void *to, const void *from, size_t bytes)
{
    if (bytes < LEAST_BYTES) {
        __atomic_fetch_add(&counts->short_bytes, bytes, __ATOMIC_RELAXED);
        return;
    }
    // Where nothing is known yet, as while the program starts, there is nothing to look up.
    if (!__atomic_load_n(&knows, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&counts->other_bytes, bytes, __ATOMIC_RELAXED);
        return;
    }
    take();
    enum origin origin = origin_of((uintptr_t)from, (uintptr_t)from + bytes);
    switch (origin) {
    case INCOMING:
        counts->incoming_bytes += bytes;
        break;
    case OUTGOING:
        counts->outgoing_bytes += bytes;
        break;
    default:
        __atomic_fetch_add(&counts->other_bytes, bytes, __ATOMIC_RELAXED);
    }
    if (is_region((uintptr_t)to, (uintptr_t)to + bytes)) {
        counts->region_bytes += bytes;
    } else if (origin == UNKNOWN) {
        forget((uintptr_t)to, (uintptr_t)to + bytes);
    } else {
        remember(to, bytes, origin);
    }
    release();
}

// By hand, and compiled so that no call of memcpy comes of it.
static void *copy_up(void *to, const void *from, size_t bytes)
{
    void *start = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return start;
}

static void *copy_down(void *to, const void *from, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--) {
        ((volatile unsigned char *)to)[i - 1] = ((const volatile unsigned char *)from)[i - 1];
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    count_copy(to, from, bytes);
    return copy_up(to, from, bytes);
}

void *memmove(void *to, const void *from, size_t bytes)
{
    count_copy(to, from, bytes);
    bool overlaps_above = (uintptr_t)to - (uintptr_t)from < bytes;
    return overlaps_above ? copy_down(to, from, bytes) : copy_up(to, from, bytes);
}

// With the length of the target, which the caller was compiled with: they end the program over it.
void *__memcpy_chk(void *to, const void *from, size_t bytes, size_t room);
void *__memmove_chk(void *to, const void *from, size_t bytes, size_t room);

void *__memcpy_chk(void *to, const void *from, size_t bytes, size_t room)
{
    if (bytes > room) {
        abort();
    }
    return memcpy(to, from, bytes);
}

void *__memmove_chk(void *to, const void *from, size_t bytes, size_t room)
{
    if (bytes > room) {
        abort();
    }
    return memmove(to, from, bytes);
}

static void *mapped(void *at, size_t bytes, int protection, int flags, int fd)
{
    struct stat status;
    bool is_shared = at != MAP_FAILED && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0;
    if (is_shared && bytes >= REGION_BYTES_MIN && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        take();
        if (region_count < REGIONS_MAX) {
            regions[region_count++] = (struct region){(uintptr_t)at, (uintptr_t)at + bytes};
            __atomic_store_n(&knows, true, __ATOMIC_RELAXED);
        }
        release();
    }
    return at;
}

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    long result = syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
    return mapped(result == -1 ? MAP_FAILED : (void *)result, bytes, protection, flags, fd);
}

void *mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return mmap(at, bytes, protection, flags, fd, offset);
}

static bool is_tcp(int fd)
{
    int domain = 0;
    socklen_t length = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
           (domain == AF_INET || domain == AF_INET6);
}

// The calls themselves: what libc adds to these is that a thread can be cancelled in them.
static ssize_t received(int fd, void *bytes, ssize_t count)
{
    if (count > 0 && is_tcp(fd)) {
        take();
        counts->received_bytes += (uint64_t)count;
        remember(bytes, (size_t)count, INCOMING);
        release();
    }
    return count;
}

static ssize_t sent(int fd, ssize_t count)
{
    if (count > 0 && is_tcp(fd)) {
        __atomic_fetch_add(&counts->sent_bytes, (uint64_t)count, __ATOMIC_RELAXED);
    }
    return count;
}

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
    return received(fd, bytes, syscall(SYS_recvfrom, fd, bytes, length, flags, NULL, NULL));
}

ssize_t read(int fd, void *bytes, size_t length)
{
    return received(fd, bytes, syscall(SYS_read, fd, bytes, length));
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    return sent(fd, syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return sent(fd, syscall(SYS_sendmsg, fd, message, flags));
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    return sent(fd, syscall(SYS_write, fd, bytes, length));
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    return sent(fd, syscall(SYS_writev, fd, pieces, count));
}
