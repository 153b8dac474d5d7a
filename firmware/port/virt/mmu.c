#include "port/virt/mmu.h"

#include "port/virt/boot_parameters.h"
#include "port/virt/machine.h"

// Every address is the physical one. Nothing is mapped but this, with nothing both writable and
// executable (x), and nothing for EL0:
//
//   08000000  the page of the interrupt controller's distributor   device      rw
//   08010000  the page of its CPU interface                        device      rw
//   09000000  the page of the UART                                 device      rw
//   40200000  code                                                 write-back  r x
//             constants; page tables                               write-back  r
//             data; stacks, but for the guard page below each      write-back  rw
//   40400000  the cores                                            write-back  rw
//   ........  the shared region, to its last page                  write-back  rw
//
// The region is write-back and inner shareable as all memory here, and so is the host's mapping of
// it. A host that maps it as a device's would not see what a core's cache holds.
//
// 4 KiB pages, addresses of 39 bits: the root has entries of 1 GiB, the next level of 2 MiB.

#define ENTRIES (PAGE_BYTES / sizeof(uint64_t))
#define LARGE_BYTES 0x200000u

// Descriptors, D8.3 of the architecture.
#define TABLE 3u
#define BLOCK 1u // of 2 MiB
#define PAGE 3u
#define ACCESSED (1u << 10) // no fault for the first access
#define INNER_SHAREABLE (3u << 8)
#define READ_ONLY (1u << 7)
#define MEMORY (0u << 2 | INNER_SHAREABLE | ACCESSED) // the index in MAIR: write-back
#define DEVICE (1u << 2 | ACCESSED)
#define EL0_NEVER_EXECUTES (UINT64_C(1) << 54)
#define EL1_NEVER_EXECUTES (UINT64_C(1) << 53)
#define NEVER_EXECUTES (EL0_NEVER_EXECUTES | EL1_NEVER_EXECUTES)

#define CODE (MEMORY | READ_ONLY | EL0_NEVER_EXECUTES)
#define CONSTANTS (MEMORY | READ_ONLY | NEVER_EXECUTES)
#define DATA (MEMORY | NEVER_EXECUTES)
#define REGISTERS (DEVICE | NEVER_EXECUTES)

// Index 0: Normal, write-back, read and write allocate, inner and outer. Index 1: Device-nGnRE.
const uint64_t mmu_mair = 0xffu | 0x04u << 8;

const uint64_t mmu_tcr = (64u - 39u)     // addresses of 39 bits in TTBR0
                         | 1u << 8       // walks: inner write-back
                         | 1u << 10      // walks: outer write-back
                         | 3u << 12      // walks: inner shareable
                         | 1u << 23;     // no walks for TTBR1; 4 KiB pages; 32-bit physical

struct page_table {
    _Alignas(PAGE_BYTES) uint64_t entries[ENTRIES];
};

__attribute__((section(".page_tables"))) struct page_table mmu_root;
__attribute__((section(".page_tables"))) static struct page_table devices_gib, ram_gib, gic_pages,
    uart_pages, image_pages, region_end_pages;

// Of the linker script.
extern unsigned char text_start[], text_end[], rodata_start[], rodata_end[], data_start[],
    data_end[], page_tables_start[], page_tables_end[], stacks_start[], stacks_end[],
    cores_start[], cores_end[];
extern unsigned char STACK_GUARD_BYTES[], STACK_STRIDE[]; // their addresses are the values

static uint64_t address(const void *of)
{
    return (uint64_t)(uintptr_t)of;
}

static void set_table(struct page_table *table, uint64_t at, uint64_t entry_bytes,
                      const struct page_table *next)
{
    table->entries[at / entry_bytes % ENTRIES] = address(next) | TABLE;
}

static void map_pages(struct page_table *pages, uint64_t start, uint64_t end, uint64_t rights)
{
    for (uint64_t at = start; at < end; at += PAGE_BYTES) {
        pages->entries[at / PAGE_BYTES % ENTRIES] = at | rights | PAGE;
    }
}

static void map_blocks(struct page_table *blocks, uint64_t start, uint64_t end, uint64_t rights)
{
    for (uint64_t at = start; at < end; at += LARGE_BYTES) {
        blocks->entries[at / LARGE_BYTES % ENTRIES] = at | rights | BLOCK;
    }
}

static void map_image(void)
{
    set_table(&ram_gib, address(text_start), LARGE_BYTES, &image_pages);
    map_pages(&image_pages, address(text_start), address(text_end), CODE);
    map_pages(&image_pages, address(rodata_start), address(rodata_end), CONSTANTS);
    map_pages(&image_pages, address(data_start), address(data_end), DATA);
    map_pages(&image_pages, address(page_tables_start), address(page_tables_end), CONSTANTS);
    for (uint64_t stack = address(stacks_start); stack < address(stacks_end);
         stack += address(STACK_STRIDE)) {
        map_pages(&image_pages, stack + address(STACK_GUARD_BYTES), stack + address(STACK_STRIDE),
                  DATA);
    }
    map_blocks(&ram_gib, address(cores_start), address(cores_end), DATA);
}

// Where the host named a place that cannot be, there is no region: the first access faults, and the
// cores park.
static void map_region(uint64_t start, uint64_t bytes)
{
    uint64_t end = start + bytes;
    if (start % LARGE_BYTES != 0 || start < address(cores_end) || end < start || end > RAM_END) {
        return;
    }
    uint64_t blocks_end = end - end % LARGE_BYTES;
    map_blocks(&ram_gib, start, blocks_end, DATA);
    if (blocks_end < end) {
        set_table(&ram_gib, blocks_end, LARGE_BYTES, &region_end_pages);
        map_pages(&region_end_pages, blocks_end, end, DATA);
    }
}

void mmu_build(void)
{
    const uint64_t gib = UINT64_C(1) << 30;
    set_table(&mmu_root, GIC_DISTRIBUTOR, gib, &devices_gib);
    set_table(&mmu_root, RAM, gib, &ram_gib);
    set_table(&devices_gib, GIC_DISTRIBUTOR, LARGE_BYTES, &gic_pages);
    set_table(&devices_gib, UART, LARGE_BYTES, &uart_pages);
    map_pages(&gic_pages, GIC_DISTRIBUTOR, GIC_DISTRIBUTOR + PAGE_BYTES, REGISTERS);
    map_pages(&gic_pages, GIC_CPU_INTERFACE, GIC_CPU_INTERFACE + PAGE_BYTES, REGISTERS);
    map_pages(&uart_pages, UART, UART + PAGE_BYTES, REGISTERS);
    map_image();
    map_region(boot_parameters.region, boot_parameters.region_bytes);
}
