#include "port/aarch64/mmu.h"

#include <stddef.h>

#include "machine.h"
#include "port/aarch64/boot_parameters.h"

// Every address is the physical one. Nothing is mapped but this, with nothing both writable and
// executable (x), and nothing for EL0:
//
//   the image     code                                               write-back  r x
//                 constants; page tables                             write-back  r
//                 data; stacks, but for the guard page below each    write-back  rw
//                 the cores                                          write-back  rw
//   the region    to its last page                                   write-back  rw
//   the machine   the pages of mmu_devices (devices.c)               device      rw
//
// The region is write-back and inner shareable as all memory here, and so is the host's mapping of
// it. A host that maps it as a device's would not see what a core's cache holds: for such a one the
// region is not cached here either. It still is memory, of which bytes may be read wherever they lie.
//
// 4 KiB pages, addresses of 39 bits: the root has entries of 1 GiB, the next level of 2 MiB.

#define PAGE_BYTES 0x1000u
#define ENTRIES (PAGE_BYTES / sizeof(uint64_t))
#define BLOCK_BYTES 0x200000u
#define ROOT_BYTES (UINT64_C(1) << 30)

// Descriptors, D8.3 of the architecture.
#define TABLE 3u
#define BLOCK 1u // of 2 MiB
#define PAGE 3u
#define ACCESSED (1u << 10) // no fault for the first access
#define INNER_SHAREABLE (3u << 8)
#define READ_ONLY (1u << 7)
#define MEMORY (0u << 2 | INNER_SHAREABLE | ACCESSED) // the index in MAIR: write-back
#define DEVICE (1u << 2 | ACCESSED)
#define MEMORY_UNCACHED (2u << 2 | INNER_SHAREABLE | ACCESSED)
#define EL0_NEVER_EXECUTES (UINT64_C(1) << 54)
#define EL1_NEVER_EXECUTES (UINT64_C(1) << 53)
#define NEVER_EXECUTES (EL0_NEVER_EXECUTES | EL1_NEVER_EXECUTES)

#define CODE (MEMORY | READ_ONLY | EL0_NEVER_EXECUTES)
#define CONSTANTS (MEMORY | READ_ONLY | NEVER_EXECUTES)
#define DATA (MEMORY | NEVER_EXECUTES)
#define DATA_UNCACHED (MEMORY_UNCACHED | NEVER_EXECUTES)
#define REGISTERS (DEVICE | NEVER_EXECUTES)

// Index 0: Normal, write-back, read and write allocate, inner and outer. Index 1: Device-nGnRE. Index 2:
// Normal, not cacheable, inner and outer.
const uint64_t mmu_mair = 0xffu | 0x04u << 8 | 0x44u << 16;

const uint64_t mmu_tcr = (64u - 39u)     // addresses of 39 bits in TTBR0
                         | 1u << 8       // walks: inner write-back
                         | 1u << 10      // walks: outer write-back
                         | 3u << 12      // walks: inner shareable
                         | 1u << 23;     // no walks for TTBR1; 4 KiB pages; 32-bit physical

struct page_table {
    _Alignas(PAGE_BYTES) uint64_t entries[ENTRIES];
};

// Those of a core. Each core has its own, all alike: so it can begin while others run or are off.
struct core_tables {
    struct page_table root;
    // For each of its entries that is used, and for each 2 MiB in which something is mapped by pages.
    struct page_table others[MMU_TABLES];
};
_Static_assert(sizeof(struct core_tables) == MMU_CORE_BYTES, "boot.S finds a core's");

__attribute__((section(".page_tables"))) static struct core_tables core_tables[CORES];

// While they are written. On the stack: the caches are off, and what is beside a variable in memory may
// be in the cache of a core that runs.
struct builder {
    struct core_tables *tables;
    uint32_t used;
};

// Of the linker script.
extern unsigned char text_start[], text_end[], rodata_start[], rodata_end[], data_start[],
    data_end[], page_tables_start[], page_tables_end[], stacks_start[], stacks_end[],
    cores_start[], cores_end[];
extern unsigned char STACK_GUARD_BYTES[], STACK_STRIDE[]; // their addresses are the values

static uint64_t address(const void *of)
{
    return (uint64_t)(uintptr_t)of;
}

// The table that an entry leads to: a new one where it leads to none yet, NULL where there is none left.
static struct page_table *next_table(struct builder *builder, uint64_t *entry)
{
    if (*entry == 0) {
        if (builder->used == MMU_TABLES) {
            return NULL;
        }
        *entry = address(&builder->tables->others[builder->used++]) | TABLE;
    }
    return (struct page_table *)(uintptr_t)(*entry - TABLE);
}

// Maps from `start` to `end`, to physical memory from `to` on: by blocks where it can be. What there
// is no table for stays unmapped, and the first access to it faults.
static void map_to(struct builder *builder, uint64_t start, uint64_t end, uint64_t to,
                   uint64_t rights)
{
    uint64_t at = start;
    while (at < end) {
        struct page_table *blocks =
            next_table(builder, &builder->tables->root.entries[at / ROOT_BYTES % ENTRIES]);
        if (blocks == NULL) {
            return;
        }
        uint64_t *block = &blocks->entries[at / BLOCK_BYTES % ENTRIES];
        uint64_t physical = to + (at - start);
        if (at % BLOCK_BYTES == 0 && physical % BLOCK_BYTES == 0 && end - at >= BLOCK_BYTES) {
            *block = physical | rights | BLOCK;
            at += BLOCK_BYTES;
            continue;
        }
        struct page_table *pages = next_table(builder, block);
        if (pages == NULL) {
            return;
        }
        pages->entries[at / PAGE_BYTES % ENTRIES] = physical | rights | PAGE;
        at += PAGE_BYTES;
    }
}

static void map(struct builder *builder, uint64_t start, uint64_t end, uint64_t rights)
{
    map_to(builder, start, end, start, rights);
}

static void map_image(struct builder *builder)
{
    map(builder, address(text_start), address(text_end), CODE);
    map(builder, address(rodata_start), address(rodata_end), CONSTANTS);
    map(builder, address(data_start), address(data_end), DATA);
    map(builder, address(page_tables_start), address(page_tables_end), CONSTANTS);
    for (uint64_t stack = address(stacks_start); stack < address(stacks_end);
         stack += address(STACK_STRIDE)) {
        map(builder, stack + address(STACK_GUARD_BYTES), stack + address(STACK_STRIDE), DATA);
    }
    map(builder, address(cores_start), address(cores_end), DATA);
}

// Where the host named a place that cannot be, there is no region: the first access faults, and the
// cores park.
static void map_region(struct builder *builder, uint64_t start, uint64_t bytes)
{
    uint64_t end = start + bytes;
    if (start % BLOCK_BYTES != 0 || start < address(cores_end) || start < REGION_START ||
        end < start || end > REGION_END) {
        return;
    }
    map(builder, start, end, boot_parameters.uncached != 0 ? DATA_UNCACHED : DATA);
}

void mmu_build(uint32_t core)
{
    struct builder builder = {.tables = &core_tables[core], .used = 0};
    for (uint32_t i = 0; i < mmu_device_count; i++) {
        const struct mmu_device *device = &mmu_devices[i];
        map_to(&builder, device->at, device->at + PAGE_BYTES, device->physical, REGISTERS);
    }
    map_image(&builder);
    map_region(&builder, boot_parameters.region, boot_parameters.region_bytes);
}
