// Who this firmware is, in a section of its own: the host reads it before it starts any of it, and
// `readelf -n` finds it. No code reads it. The linker script of a machine keeps it, among what is only
// read, with
//
//   .note.carillon : { KEEP(*(.note.carillon)) }
#include "carillon/shared_mem.h"

// Its linker has other names for sections, and makes no ELF files.
#ifndef __APPLE__

// Against a linker that removes what nothing refers to. A compiler without it relies on the KEEP.
#if __has_attribute(retain)
#define RETAIN __attribute__((retain))
#else
#define RETAIN
#endif

#define OWNER "Carillon"
_Static_assert(sizeof CARILLON_PORT <= sizeof ((struct carillon_firmware_note *)0)->port, "port");
_Static_assert(sizeof CARILLON_VERSION <= sizeof ((struct carillon_firmware_note *)0)->version,
               "version");

// Aligned as a note has to be: a compiler may give it more.
RETAIN __attribute__((used, section(".note.carillon"), aligned(4))) static const struct carillon_firmware_note
    firmware_note = {
        .owner_bytes = sizeof OWNER,
        .content_bytes = sizeof firmware_note -
                         offsetof(struct carillon_firmware_note, interface_version),
        .type = CARILLON_FIRMWARE_NOTE_TYPE,
        .owner = OWNER,
        .interface_version = CARILLON_FIRMWARE_INTERFACE,
        .port = CARILLON_PORT,
        .version = CARILLON_VERSION,
};

#endif
