#include "peers/buffers.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/program.h"

enum { SPARE_BUFFERS_MAX = 64 };

static struct buffer *spare_buffers;
static uint32_t spare_buffer_count;

struct buffer *buffer_take(size_t capacity)
{
    struct buffer *buffer = spare_buffers;
    if (buffer != NULL && capacity <= BUFFER_BYTES) {
        spare_buffers = buffer->next_spare;
        spare_buffer_count--;
        buffer->filled = 0;
        return buffer;
    }
    if (capacity < BUFFER_BYTES) {
        capacity = BUFFER_BYTES;
    }
    buffer = malloc(sizeof *buffer + capacity);
    if (buffer == NULL) {
        program_fail(1, "there is no memory for a buffer of %zu bytes", capacity);
    }
    buffer->capacity = capacity;
    buffer->filled = 0;
    return buffer;
}

void buffer_give(struct buffer *buffer)
{
    if (buffer == NULL) {
        return;
    }
    if (buffer->capacity != BUFFER_BYTES || spare_buffer_count == SPARE_BUFFERS_MAX) {
        free(buffer);
        return;
    }
    buffer->next_spare = spare_buffers;
    spare_buffers = buffer;
    spare_buffer_count++;
}
