#include "core/byte_queue.h"

#include <string.h>

#include "core/atomic.h"

// Both positions as they were loaded for one call, checked.
struct positions {
    uint32_t write;
    uint32_t read;
    uint32_t size;
};

static bool bind(struct byte_queue *queue, void *region, uint32_t region_bytes)
{
    if (region_bytes < BYTE_QUEUE_POSITIONS_BYTES + BYTE_QUEUE_CAPACITY_MIN ||
        region_bytes - BYTE_QUEUE_POSITIONS_BYTES > BYTE_QUEUE_CAPACITY_MAX ||
        (uintptr_t)region % sizeof(uint32_t) != 0) {
        return false;
    }
    uint32_t *words = region;
    *queue = (struct byte_queue){
        .write_position = &words[0],
        .read_position = &words[1],
        .data = (unsigned char *)region + BYTE_QUEUE_POSITIONS_BYTES,
        .capacity = region_bytes - BYTE_QUEUE_POSITIONS_BYTES,
    };
    return true;
}

static bool load(const struct byte_queue *queue, struct positions *positions)
{
    // Acquire: of the writer's position, what it wrote before it; of the reader's, that it is done
    // with what it gives back. A side's own position would need no order.
    uint32_t read = load_acquire(queue->read_position);
    uint32_t write = load_acquire(queue->write_position);
    if (read >= queue->capacity || write >= queue->capacity) {
        return false;
    }
    *positions = (struct positions){
        .write = write,
        .read = read,
        .size = write >= read ? write - read : write + (queue->capacity - read),
    };
    return true;
}

static uint32_t room(const struct byte_queue *queue, const struct positions *positions)
{
    return byte_queue_largest_size(queue) - positions->size;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// Both are below the capacity, so that the sum does not wrap.
static uint32_t moved(const struct byte_queue *queue, uint32_t place, uint32_t bytes)
{
    uint32_t sum = place + bytes;
    return sum >= queue->capacity ? sum - queue->capacity : sum;
}

// Plain stores: the reader does not look here before the position that follows.
static uint32_t copy_in(struct byte_queue *queue, uint32_t place, const void *data, uint32_t bytes)
{
    if (bytes == 0) { // for then `data` may be NULL
        return place;
    }
    uint32_t first = smaller(bytes, queue->capacity - place);
    memcpy(queue->data + place, data, first);
    memcpy(queue->data, (const unsigned char *)data + first, bytes - first);
    return moved(queue, place, bytes);
}

// Plain loads, after the acquire of the writer's position.
static void copy_out(const struct byte_queue *queue, uint32_t place, void *into, uint32_t bytes)
{
    if (bytes == 0) {
        return;
    }
    uint32_t first = smaller(bytes, queue->capacity - place);
    memcpy(into, queue->data + place, first);
    memcpy((unsigned char *)into + first, queue->data, bytes - first);
}

static void release_write(struct byte_queue *queue, const struct positions *positions,
                          uint32_t place)
{
    if (place != positions->write) {
        // Release: the data is seen before the position.
        store_release(queue->write_position, place);
    }
}

static void release_read(struct byte_queue *queue, const struct positions *positions,
                         uint32_t bytes)
{
    if (bytes > 0) {
        // Release: the data has been read before the writer may write over it.
        store_release(queue->read_position, moved(queue, positions->read, bytes));
    }
}

enum queue_status byte_queue_create(struct byte_queue *queue, void *region, uint32_t region_bytes)
{
    if (!bind(queue, region, region_bytes)) {
        return QUEUE_ARGUMENT;
    }
    // Release: who loads a zero finds the region as it was left before.
    store_release(queue->read_position, 0);
    store_release(queue->write_position, 0);
    return QUEUE_OK;
}

enum queue_status byte_queue_attach(struct byte_queue *queue, void *region, uint32_t region_bytes)
{
    if (!bind(queue, region, region_bytes)) {
        return QUEUE_ARGUMENT;
    }
    struct positions positions;
    return load(queue, &positions) ? QUEUE_OK : QUEUE_DAMAGED;
}

enum queue_status byte_queue_size(const struct byte_queue *queue, uint32_t *size)
{
    struct positions positions;
    if (!load(queue, &positions)) {
        return QUEUE_DAMAGED;
    }
    *size = positions.size;
    return QUEUE_OK;
}

enum queue_status byte_queue_space(const struct byte_queue *queue, uint32_t *space)
{
    struct positions positions;
    if (!load(queue, &positions)) {
        return QUEUE_DAMAGED;
    }
    *space = room(queue, &positions);
    return QUEUE_OK;
}

enum queue_status byte_queue_write_chunks_or_fail(struct byte_queue *queue,
                                                  const struct byte_chunk *chunks, uint32_t count)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (chunks[i].bytes > byte_queue_largest_size(queue) - bytes) {
            return QUEUE_TOO_BIG;
        }
        bytes += chunks[i].bytes;
    }
    struct positions positions;
    if (!load(queue, &positions)) {
        return QUEUE_DAMAGED;
    }
    if (bytes > room(queue, &positions)) {
        return QUEUE_FULL;
    }
    uint32_t place = positions.write;
    for (uint32_t i = 0; i < count; i++) {
        place = copy_in(queue, place, chunks[i].data, chunks[i].bytes);
    }
    release_write(queue, &positions, place);
    return QUEUE_OK;
}

enum queue_status byte_queue_write_or_fail(struct byte_queue *queue, const void *data,
                                           uint32_t bytes)
{
    return byte_queue_write_chunks_or_fail(queue, &(struct byte_chunk){data, bytes}, 1);
}

enum queue_status byte_queue_write_at_most(struct byte_queue *queue, const void *data,
                                           uint32_t bytes, uint32_t *written)
{
    struct positions positions;
    *written = 0;
    if (!load(queue, &positions)) {
        return QUEUE_DAMAGED;
    }
    *written = smaller(bytes, room(queue, &positions));
    release_write(queue, &positions, copy_in(queue, positions.write, data, *written));
    return QUEUE_OK;
}

enum queue_status byte_queue_write_blocking(struct byte_queue *queue, const void *data,
                                            uint32_t bytes, struct queue_wait wait,
                                            uint32_t *written)
{
    *written = 0;
    while (*written < bytes) {
        uint32_t now;
        enum queue_status status = byte_queue_write_at_most(
            queue, (const unsigned char *)data + *written, bytes - *written, &now);
        if (status != QUEUE_OK) {
            return status;
        }
        *written += now;
        if (now == 0 && !wait.again(wait.context)) {
            return QUEUE_TIMEOUT;
        }
    }
    return QUEUE_OK;
}

// Loads the positions where `bytes` are there.
static enum queue_status find(const struct byte_queue *queue, uint32_t bytes,
                              struct positions *positions)
{
    if (bytes > byte_queue_largest_size(queue)) {
        return QUEUE_TOO_BIG;
    }
    if (!load(queue, positions)) {
        return QUEUE_DAMAGED;
    }
    return bytes > positions->size ? QUEUE_EMPTY : QUEUE_OK;
}

enum queue_status byte_queue_consume_or_fail(struct byte_queue *queue, void *into, uint32_t bytes)
{
    struct positions positions;
    enum queue_status status = find(queue, bytes, &positions);
    if (status == QUEUE_OK) {
        copy_out(queue, positions.read, into, bytes);
        release_read(queue, &positions, bytes);
    }
    return status;
}

enum queue_status byte_queue_consume_at_most(struct byte_queue *queue, void *into, uint32_t bytes,
                                             uint32_t *consumed)
{
    struct positions positions;
    *consumed = 0;
    if (!load(queue, &positions)) {
        return QUEUE_DAMAGED;
    }
    *consumed = smaller(bytes, positions.size);
    copy_out(queue, positions.read, into, *consumed);
    release_read(queue, &positions, *consumed);
    return QUEUE_OK;
}

enum queue_status byte_queue_consume_blocking(struct byte_queue *queue, void *into, uint32_t bytes,
                                              struct queue_wait wait, uint32_t *consumed)
{
    *consumed = 0;
    while (*consumed < bytes) {
        uint32_t now;
        enum queue_status status = byte_queue_consume_at_most(
            queue, (unsigned char *)into + *consumed, bytes - *consumed, &now);
        if (status != QUEUE_OK) {
            return status;
        }
        *consumed += now;
        if (now == 0 && !wait.again(wait.context)) {
            return QUEUE_TIMEOUT;
        }
    }
    return QUEUE_OK;
}

enum queue_status byte_queue_peek_or_fail(const struct byte_queue *queue, void *into,
                                          uint32_t bytes)
{
    struct positions positions;
    enum queue_status status = find(queue, bytes, &positions);
    if (status == QUEUE_OK) {
        copy_out(queue, positions.read, into, bytes);
    }
    return status;
}

enum queue_status byte_queue_peek_at_most(const struct byte_queue *queue, uint32_t offset,
                                          void *into, uint32_t bytes, uint32_t *peeked)
{
    struct positions positions;
    *peeked = 0;
    if (!load(queue, &positions)) {
        return QUEUE_DAMAGED;
    }
    if (offset < positions.size) {
        *peeked = smaller(bytes, positions.size - offset);
        copy_out(queue, moved(queue, positions.read, offset), into, *peeked);
    }
    return QUEUE_OK;
}

enum queue_status byte_queue_skip_or_fail(struct byte_queue *queue, uint32_t bytes)
{
    struct positions positions;
    enum queue_status status = find(queue, bytes, &positions);
    if (status == QUEUE_OK) {
        release_read(queue, &positions, bytes);
    }
    return status;
}

enum queue_status byte_queue_skip_at_most(struct byte_queue *queue, uint32_t bytes,
                                          uint32_t *skipped)
{
    struct positions positions;
    *skipped = 0;
    if (!load(queue, &positions)) {
        return QUEUE_DAMAGED;
    }
    *skipped = smaller(bytes, positions.size);
    release_read(queue, &positions, *skipped);
    return QUEUE_OK;
}
