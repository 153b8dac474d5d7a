// A plugin of QEMU's (docs/devel/tcg-plugins, version 1 of the interface) that looks at every access to the
// shared region: how wide it is, whether it is aligned, and whether it is of a kind that a device's memory
// takes. A real core faults where it does not; the emulator takes them all.
//
//   -plugin region-accesses.so,out=FILE,start=ADDRESS,end=ADDRESS[,virtual=on]   of a machine
//   -plugin region-accesses.so,out=FILE,region=PATH                              of a process
//   and to either: [,records=START-END]... [,core=INDEX]
//
// Of a machine, the region is a range of physical memory; with `virtual`, one of the addresses that the
// cores use, for those that map nothing elsewhere. Of a process, it is wherever that file is mapped.
// Accesses within `records`, counted from the region's start, are told apart. With `core`, no other is
// looked at.
//
// FILE is what it counts, as `struct report`, at any moment and also after the emulator was killed. One that
// is started after another goes on counting in it.
//
// What it does not see: DC ZVA does its stores within QEMU, without a word to a plugin. It counts as in
// the region where the last store of that core went there: libc's memset stores to both ends first. Nor
// does it see the page walks of a core, and what devices read and write.
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Of qemu-plugin.h, which Debian 12 has no package of.
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
struct qemu_info {
    const char *target_name;
    struct {
        int min, cur;
    } version;
    bool system_emulation;
    // More follows.
};
enum { NO_REGISTERS = 0, LOADS_AND_STORES = 3 };
typedef void (*memory_callback)(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address,
                                void *data);
typedef void (*instruction_callback)(unsigned cpu, void *data);
typedef void (*system_call_callback)(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a1,
                                     uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                                     uint64_t a6, uint64_t a7, uint64_t a8);
typedef void (*system_call_end_callback)(qemu_plugin_id_t id, unsigned cpu, int64_t number,
                                         int64_t result);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *address);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *address);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t,
                                                            struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, memory_callback callback,
                                      int registers, int what, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            instruction_callback callback, int registers,
                                            void *data);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, system_call_callback callback);
void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id,
                                              system_call_end_callback callback);

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = 1;

// Cores of a machine, or threads of a process.
#define CPUS 64u
// Widths are powers of two up to 128 bytes; an access is at most 16 wide today.
#define WIDTHS 8u
// Instructions of a core that did what a device's memory does not take; what more there are is counted.
#define SITES 64u

// What a device's memory does not take. Read by region-accesses.ts, as all of the report is.
enum kind { UNALIGNED, UNALIGNED_IN_RECORD, READ_MODIFY_WRITE, ZEROING };

struct site {
    uint64_t count;
    uint64_t kind;
    uint64_t instruction; // its address, as the core has it
    uint64_t offset;      // of its first such access, in the region
    uint64_t bytes;       // that the access has to be aligned to
    uint64_t code;        // the instruction, where it is of 32 bits
};

struct cpu_report {
    uint64_t accesses[2][WIDTHS]; // loads, stores
    uint64_t sites;
    uint64_t sites_left_off; // how often one was met that found no place
    struct site site[SITES];
};

// All of it are words of 64 bits.
struct report {
    uint64_t magic;
    uint64_t cpus, widths, sites;
    uint64_t cpus_left_off; // accesses of those beyond
    struct cpu_report cpu[CPUS];
};

#define MAGIC UINT64_C(0x3153455353454343) // "CCESSES1"

static struct report *report;
static uint64_t range_start, range_end;
static bool is_virtual, is_aarch64;
static uint64_t only_core = UINT64_MAX;

// Where records lie in the region: of each of its rings a range.
#define RECORD_RANGES 16u
static struct {
    uint64_t start, end;
} records[RECORD_RANGES];
static uint32_t record_ranges;

// What a core did last: it alone writes it, from its thread.
static struct {
    // Its last store went there: of a program's, and of the kernel's, which interrupts that.
    _Alignas(64) bool stored_in_region[2];
    bool is_half;  // the access before was the first half of one
    uint64_t next; // where the second half is
    const void *of;
    int64_t mapping; // the file that it is about to map; or -1
} last[CPUS];

// An instruction, as it was translated: kept for ever, since the translation may run for ever.
struct instruction {
    uint64_t at;
    uint32_t code;
    uint8_t element; // what its accesses are aligned to, in bytes; 0: to their own width
    bool is_read_modify_write;
};

// Linux has the upper half of addresses.
static bool is_of_kernel(const struct instruction *of)
{
    return of->at >> 63 != 0;
}

static bool is_of(uint32_t code, uint32_t mask, uint32_t value)
{
    return (code & mask) == value;
}

// C4.1 of the architecture: loads and stores whose accesses here are not what they have to be aligned to.
// QEMU cuts 16 bytes in two halves, and puts elements of a vector together.
static uint8_t element_of(uint32_t code)
{
    bool is_vector = (code >> 26 & 1u) != 0;
    uint32_t size = code >> 30;
    if (is_of(code, 0x3a000000u, 0x28000000u)) { // a pair: each of the two
        return (uint8_t)(is_vector ? 4u << size : size == 2 ? 8u : 4u);
    }
    if (is_of(code, 0xbf000000u, 0x0c000000u)) { // structures
        return (uint8_t)(1u << (code >> 10 & 3u));
    }
    if (is_of(code, 0xbf000000u, 0x0d000000u)) { // one lane of each, or one for all lanes
        uint32_t scale = code >> 14 & 3u;
        uint32_t lane = scale == 2 && (code >> 10 & 1u) != 0 ? 3 : scale;
        return (uint8_t)(1u << (scale == 3 ? code >> 10 & 3u : lane));
    }
    if (is_of(code, 0x3f000000u, 0x1c000000u)) { // a vector register, relative to the PC
        return (uint8_t)(4u << size);
    }
    if (is_of(code, 0x3e800000u, 0x3c800000u) && size == 0) { // 128 bits of a vector register
        return 16;
    }
    return 0;
}

// Exclusives, CAS and LSE's: not LDAR and STLR, which share their place, nor LDAPR.
static bool is_read_modify_write(uint32_t code)
{
    if (is_of(code, 0x3f000000u, 0x08000000u)) {
        return (code >> 23 & 1u) == 0 || (code >> 21 & 1u) != 0;
    }
    return is_of(code, 0x3f200c00u, 0x38200000u) && !is_of(code, 0x3ffffc00u, 0x38bfc000u);
}

static bool is_dc_zva(uint32_t code)
{
    return is_of(code, 0xffffffe0u, 0xd50b7420u);
}

// Of x86, only what is said by its first bytes: a LOCK prefix, or XCHG, which locks without one.
static bool is_locked(const unsigned char *code, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++) {
        if (code[at] == 0xf0) {
            return true;
        }
        bool is_prefix = code[at] == 0x66 || (code[at] & 0xf0u) == 0x40u;
        if (!is_prefix) {
            return code[at] == 0x86 || code[at] == 0x87;
        }
    }
    return false;
}

static void note(uint32_t cpu, const struct instruction *of, enum kind kind, uint64_t offset,
                 uint64_t bytes)
{
    struct cpu_report *own = &report->cpu[cpu];
    for (uint64_t index = 0; index < own->sites; index++) {
        struct site *site = &own->site[index];
        if (site->instruction == of->at && site->kind == kind) {
            site->count++;
            return;
        }
    }
    if (own->sites == SITES) {
        own->sites_left_off++;
        return;
    }
    own->site[own->sites++] = (struct site){
        .count = 1,
        .kind = kind,
        .instruction = of->at,
        .offset = offset,
        .bytes = bytes,
        .code = of->code,
    };
}

static bool is_in_record(uint64_t offset)
{
    for (uint32_t index = 0; index < record_ranges; index++) {
        if (offset >= records[index].start && offset < records[index].end) {
            return true;
        }
    }
    return false;
}

#define NOWHERE UINT64_MAX

// Where in the region, which has few mappings at a time.
#define MAPPINGS 8u
static struct {
    _Atomic uint64_t start, end;
} mappings[MAPPINGS];

static uint64_t offset_in_mappings(uint64_t address)
{
    for (uint32_t index = 0; index < MAPPINGS; index++) {
        uint64_t start = atomic_load_explicit(&mappings[index].start, memory_order_relaxed);
        if (address >= start &&
            address < atomic_load_explicit(&mappings[index].end, memory_order_relaxed)) {
            return address - start;
        }
    }
    return NOWHERE;
}

// To ask where an address leads takes most of the time, and nearly none leads to the region. So each core
// has a cache of pages that do not: what may change that empties it, as it does a TLB.
#define PAGE_SHIFT 12
#define ELSEWHERE 4096u
static struct {
    uint64_t page, generation;
} elsewhere[CPUS][ELSEWHERE];
static _Atomic uint64_t generation = 1;

static void on_change_of_mappings(unsigned cpu, void *data)
{
    (void)cpu, (void)data;
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

// TLBI, and what is written to TTBR0_EL1 and TTBR1_EL1.
static bool changes_mappings(uint32_t code)
{
    return is_of(code, 0xfff8f000u, 0xd5088000u) || is_of(code, 0xffffffc0u, 0xd5182000u);
}

static uint64_t offset_in_range(uint64_t address)
{
    return address >= range_start && address < range_end ? address - range_start : NOWHERE;
}

static uint64_t offset_of(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address)
{
    if (range_end == 0) {
        return offset_in_mappings(address);
    }
    if (is_virtual) {
        return offset_in_range(address);
    }
    uint64_t page = address >> PAGE_SHIFT;
    uint64_t now = atomic_load_explicit(&generation, memory_order_relaxed);
    bool is_cached = cpu < CPUS;
    if (is_cached && elsewhere[cpu][page % ELSEWHERE].page == page &&
        elsewhere[cpu][page % ELSEWHERE].generation == now) {
        return NOWHERE;
    }
    const struct qemu_plugin_hwaddr *place = qemu_plugin_get_hwaddr(info, address);
    uint64_t offset = place == NULL || qemu_plugin_hwaddr_is_io(place)
                          ? NOWHERE
                          : offset_in_range(qemu_plugin_hwaddr_phys_addr(place));
    if (is_cached && offset == NOWHERE) {
        elsewhere[cpu][page % ELSEWHERE].page = page;
        elsewhere[cpu][page % ELSEWHERE].generation = now;
    }
    return offset;
}

// Whether it is the second half of what is aligned as a whole: the first was looked at.
static bool is_second_half(uint32_t cpu, const struct instruction *of, uint64_t offset,
                           uint64_t bytes)
{
    bool is_half = last[cpu].is_half && last[cpu].of == of && last[cpu].next == offset;
    last[cpu].is_half = !is_half;
    last[cpu].of = of;
    last[cpu].next = offset + bytes;
    return is_half;
}

static void on_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    if (only_core != UINT64_MAX && cpu != only_core) {
        return;
    }
    const struct instruction *of = data;
    uint64_t offset = offset_of(cpu, info, address);
    bool is_store = qemu_plugin_mem_is_store(info);
    if (cpu >= CPUS) {
        if (offset != NOWHERE) {
            // Relaxed: a number to look at. The others have theirs.
            __atomic_fetch_add(&report->cpus_left_off, 1, __ATOMIC_RELAXED);
        }
        return;
    }
    if (is_store) {
        last[cpu].stored_in_region[is_of_kernel(of)] = offset != NOWHERE;
    }
    if (offset == NOWHERE) {
        return;
    }
    struct cpu_report *own = &report->cpu[cpu];
    unsigned shift = qemu_plugin_mem_size_shift(info);
    uint64_t bytes = UINT64_C(1) << shift;
    own->accesses[is_store][shift % WIDTHS]++;
    if (of->is_read_modify_write) {
        note(cpu, of, READ_MODIFY_WRITE, offset, bytes);
    }
    uint64_t element = of->element == 0 ? bytes : of->element;
    if (bytes < element && is_second_half(cpu, of, offset, bytes)) {
        return;
    }
    // The address and not the offset: a file may be mapped from anywhere, and by whole pages.
    if (address % element != 0) {
        note(cpu, of, is_in_record(offset) ? UNALIGNED_IN_RECORD : UNALIGNED, offset, element);
    }
}

static void on_zeroing(unsigned cpu, void *data)
{
    bool is_looked_at = cpu < CPUS && (only_core == UINT64_MAX || cpu == only_core);
    if (is_looked_at && last[cpu].stored_in_region[is_of_kernel(data)]) {
        note(cpu, data, ZEROING, 0, 64);
    }
}

static struct instruction *instruction_at(const struct qemu_plugin_insn *insn)
{
    struct instruction *of = calloc(1, sizeof(*of));
    if (of == NULL) {
        abort();
    }
    of->at = qemu_plugin_insn_vaddr(insn);
    const unsigned char *code = qemu_plugin_insn_data(insn);
    size_t bytes = qemu_plugin_insn_size(insn);
    if (!is_aarch64) {
        of->is_read_modify_write = is_locked(code, bytes);
    } else if (bytes == sizeof(of->code)) {
        memcpy(&of->code, code, sizeof(of->code));
        of->element = element_of(of->code);
        of->is_read_modify_write = is_read_modify_write(of->code);
    }
    return of;
}

// Bits 27 and 25 are 1 and 0 in loads and stores, and in nothing else.
static bool matters(const struct qemu_plugin_insn *insn)
{
    uint32_t code;
    if (!is_aarch64 || qemu_plugin_insn_size(insn) != sizeof(code)) {
        return true;
    }
    memcpy(&code, qemu_plugin_insn_data(insn), sizeof(code));
    return is_of(code, 0x0a000000u, 0x08000000u) || is_dc_zva(code) || changes_mappings(code);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t index = 0; index < qemu_plugin_tb_n_insns(tb); index++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, index);
        if (!matters(insn)) {
            continue;
        }
        struct instruction *of = instruction_at(insn);
        if (is_aarch64 && is_dc_zva(of->code)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_zeroing, NO_REGISTERS, of);
        } else if (is_aarch64 && changes_mappings(of->code)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_change_of_mappings, NO_REGISTERS, of);
        } else {
            qemu_plugin_register_vcpu_mem_cb(insn, on_access, NO_REGISTERS, LOADS_AND_STORES, of);
        }
    }
}

// Of a process: which of its mappings are of the file.
static const char *file;
static struct {
    int64_t map, unmap;
} numbers;
static uint64_t mapping_bytes[CPUS];

static bool is_the_file(int64_t fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%" PRId64, fd);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    if (length < 0) {
        return false;
    }
    path[length] = 0;
    return strcmp(path, file) == 0;
}

static void forget(uint64_t start, uint64_t end)
{
    for (uint32_t index = 0; index < MAPPINGS; index++) {
        if (mappings[index].start >= start && mappings[index].start < end) {
            mappings[index].end = 0;
            mappings[index].start = 0;
        }
    }
}

static void on_system_call(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a1,
                           uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                           uint64_t a7, uint64_t a8)
{
    (void)id, (void)a3, (void)a4, (void)a6, (void)a7, (void)a8;
    if (cpu >= CPUS) {
        return;
    }
    last[cpu].mapping = -1;
    if (number == numbers.map && is_the_file((int32_t)a5)) {
        last[cpu].mapping = number;
        mapping_bytes[cpu] = a2;
    } else if (number == numbers.unmap) {
        forget(a1, a1 + a2);
    }
}

static void on_system_call_end(qemu_plugin_id_t id, unsigned cpu, int64_t number, int64_t result)
{
    (void)id;
    if (cpu >= CPUS || last[cpu].mapping != number || result < 0) {
        return;
    }
    last[cpu].mapping = -1;
    for (uint32_t index = 0; index < MAPPINGS; index++) {
        uint64_t none = 0;
        if (atomic_compare_exchange_strong(&mappings[index].start, &none, (uint64_t)result)) {
            mappings[index].end = (uint64_t)result + mapping_bytes[cpu];
            return;
        }
    }
    fprintf(stderr, "region-accesses: the file has more than %u mappings\n", MAPPINGS);
    abort();
}

// A new file is all zeros.
static bool open_report(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(*report)) != 0) {
        return false;
    }
    report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (report == MAP_FAILED) {
        return false;
    }
    report->cpus = CPUS;
    report->widths = WIDTHS;
    report->sites = SITES;
    report->magic = MAGIC;
    return true;
}

static bool take_records(const char *value)
{
    char *end;
    uint64_t start = strtoull(value, &end, 0);
    if (*end != '-' || record_ranges == RECORD_RANGES) {
        return false;
    }
    records[record_ranges].start = start;
    records[record_ranges++].end = strtoull(end + 1, NULL, 0);
    return true;
}

static bool take(const char *name, char *value, const char **out)
{
    if (strcmp(name, "start") == 0) {
        range_start = strtoull(value, NULL, 0);
    } else if (strcmp(name, "end") == 0) {
        range_end = strtoull(value, NULL, 0);
    } else if (strcmp(name, "virtual") == 0) {
        is_virtual = strcmp(value, "on") == 0;
    } else if (strcmp(name, "core") == 0) {
        only_core = strtoull(value, NULL, 0);
    } else if (strcmp(name, "records") == 0) {
        return take_records(value);
    } else if (strcmp(name, "out") == 0) {
        *out = strdup(value);
    } else if (strcmp(name, "region") == 0) {
        file = strdup(value);
    } else {
        return false;
    }
    return true;
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int count,
                                 char **arguments)
{
    const char *out = NULL;
    for (int index = 0; index < count; index++) {
        char *value = strchr(arguments[index], '=');
        if (value == NULL) {
            return -1;
        }
        *value++ = 0;
        if (!take(arguments[index], value, &out)) {
            fprintf(stderr, "region-accesses: %s cannot be %s\n", arguments[index], value);
            return -1;
        }
    }
    is_aarch64 = strcmp(info->target_name, "aarch64") == 0;
    bool is_range = range_start < range_end;
    bool is_whole_pages = ((range_start | range_end) & ((1u << PAGE_SHIFT) - 1u)) == 0;
    if (out == NULL || is_range != info->system_emulation || is_range == (file != NULL) ||
        !is_whole_pages) {
        fprintf(stderr, "region-accesses: out, and start and end (whole pages) or region\n");
        return -1;
    }
    if (!open_report(out)) {
        perror(out);
        return -1;
    }
    if (!info->system_emulation) {
        numbers.map = is_aarch64 ? 222 : 9;
        numbers.unmap = is_aarch64 ? 215 : 11;
        qemu_plugin_register_vcpu_syscall_cb(id, on_system_call);
        qemu_plugin_register_vcpu_syscall_ret_cb(id, on_system_call_end);
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
