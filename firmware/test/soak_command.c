// Commands of a core that exchanges checked messages with the host: in the image of that test this
// takes the place of core/command.c, and everything else is the firmware as it is. Not part of it.
//
// Every record but STOP is a message, and is answered by a message of this side. What a message is
// follows from its sequence, the core and the direction, as in test/support/checked-message.ts: length
// and payload are others in each direction. An answer to a message that was damaged, lost, there
// twice or out of order is of the type WRONG. Now and then the core falls asleep in between.
#include "core/command.h"

#include <stddef.h>

enum { MESSAGE = 1, WRONG = 2 };
enum { TO_CORE = 0, FROM_CORE = 1 };

#define SHORT_BYTES_MAX 512u
#define LONG_BYTES_MAX 8192u
#define NAP_US_MAX 100u

// Of each core of the image.
static struct {
    uint32_t messages;
    uint32_t random;
} peers[CARILLON_CORES_MAX];

static uint32_t hash_of(uint32_t core, uint32_t direction, uint32_t sequence)
{
    return ((sequence << 3 | core << 1 | direction) + 1u) * 2654435761u;
}

// One in sixteen is up to 8 KiB, the others are up to 512 bytes.
static uint32_t length_of(uint32_t hash)
{
    uint32_t bits = hash >> 8;
    uint32_t most = bits % 16u == 0 ? LONG_BYTES_MAX : SHORT_BYTES_MAX;
    return (bits >> 4) % (most + 1u);
}

static bool is_message(const struct ring_record *record, uint32_t hash, uint32_t sequence)
{
    const struct carillon_record_header *header = &record->header;
    uint32_t length = length_of(hash);
    if (header->type != MESSAGE || header->sequence != sequence || header->stream != hash ||
        header->length != length) {
        return false;
    }
    const uint32_t *words = record->payload;
    uint32_t difference = 0;
    for (uint32_t i = 0; i < length / 4u; i++) {
        difference |= words[i] ^ (hash + i);
    }
    const unsigned char *bytes = record->payload;
    for (uint32_t i = length / 4u * 4u; i < length; i++) {
        difference |= bytes[i] ^ (hash & 0xffu);
    }
    return difference == 0;
}

static void fill(void *place, uint32_t hash)
{
    uint32_t length = length_of(hash);
    uint32_t *words = place;
    for (uint32_t i = 0; i < length / 4u; i++) {
        words[i] = hash + i;
    }
    unsigned char *bytes = place;
    for (uint32_t i = length / 4u * 4u; i < length; i++) {
        bytes[i] = (unsigned char)hash;
    }
}

// After one message in sixteen. A bell ends it early, as it does every sleep.
static void nap(struct core *core, uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    uint32_t bits = *random >> 8;
    if (bits % 16u == 0) {
        core->port->wait(core->port->context, (bits >> 4) % NAP_US_MAX);
    }
}

bool command_run(struct core *core, const struct ring_record *record)
{
    if (record->header.type == CARILLON_COMMAND_STOP) {
        core->stopping = true;
        return true;
    }
    uint32_t sequence = peers[core->index].messages;
    uint32_t expected = hash_of(core->index, TO_CORE, sequence);
    uint32_t hash = hash_of(core->index, FROM_CORE, sequence);
    void *place = ring_claim(&core->out, length_of(hash));
    if (place == NULL) {
        return false; // tried again when there is room
    }
    bool right = is_message(record, expected, sequence);
    fill(place, hash);
    ring_commit(&core->out, right ? MESSAGE : WRONG, hash, sequence);
    peers[core->index].messages++;
    core->blocks += right ? 1 : 0;
    core->refused += right ? 0 : 1;
    nap(core, &peers[core->index].random);
    return true;
}
