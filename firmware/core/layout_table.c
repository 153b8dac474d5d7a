// What this compiler made of the shared layout, in a section of its own: `carillon layout --check`
// compares it with the declaration. No code reads it, so it need not be in a core's memory. The
// linker script of a machine keeps it in the file and out of the memory with
//
//   .layout_table 0 (INFO) : { KEEP(*(.layout_table)) }
#include "carillon/shared_mem.h"

// Its linker has other names for sections, and makes no ELF files.
#ifndef __APPLE__

#define ONE_ROW(...) +1
#define STRUCT_ROW(name) {#name, "", _Alignof(struct carillon_##name), sizeof(struct carillon_##name)},
#define FIELD_ROW(name, field)                                                                     \
    {#name, #field, offsetof(struct carillon_##name, field),                                       \
     sizeof(((struct carillon_##name *)0)->field)},

// Against a linker that removes what nothing refers to. A compiler without it relies on the KEEP.
#if __has_attribute(retain)
#define RETAIN __attribute__((retain))
#else
#define RETAIN
#endif

enum { ROW_COUNT = CARILLON_LAYOUT_ROWS(ONE_ROW, ONE_ROW) };

RETAIN __attribute__((used, section(".layout_table"))) static const struct {
    struct carillon_layout_table_header header;
    struct carillon_layout_table_row rows[ROW_COUNT];
} layout_table = {
    .header = {.magic = CARILLON_LAYOUT_TABLE_MAGIC,
               .version = CARILLON_LAYOUT_TABLE_VERSION,
               .layout_version = CARILLON_LAYOUT_VERSION,
               .layout_hash = CARILLON_LAYOUT_HASH,
               .row_bytes = sizeof(struct carillon_layout_table_row),
               .row_count = ROW_COUNT},
    .rows = {CARILLON_LAYOUT_ROWS(STRUCT_ROW, FIELD_ROW)},
};

#endif
