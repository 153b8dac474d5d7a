#include "core/msg_queue.h"

#include <stddef.h>
#include <string.h>

#include "core/crc32.h"

// From the end of the prefix.
#define SIZE_OFFSET 1u
#define HEADER_CRC_OFFSET 5u
// In which a prefix is looked for: some room on a small stack.
#define WINDOW_BYTES 128u

_Static_assert(WINDOW_BYTES >= MSG_QUEUE_HEADER_BYTES_MAX, "a header fits the window");

static void put_u32(unsigned char *at, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> (8u * i));
    }
}

static uint32_t get_u32(const unsigned char *at)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < 4; i++) {
        value |= (uint32_t)at[i] << (8u * i);
    }
    return value;
}

static uint32_t header_bytes(const struct msg_queue *messages)
{
    return messages->prefix_bytes + MSG_QUEUE_FIXED_HEADER_BYTES;
}

// Bytes of a message without data.
static uint32_t overhead_bytes(const struct msg_queue *messages)
{
    return header_bytes(messages) + MSG_QUEUE_CRC_BYTES;
}

static uint32_t header_crc(const struct msg_queue *messages, const unsigned char *header)
{
    return crc32_of(0, header, messages->prefix_bytes + HEADER_CRC_OFFSET);
}

enum queue_status msg_queue_bind(struct msg_queue *messages, struct byte_queue *queue,
                                 const void *prefix, uint32_t prefix_bytes, void *buffer,
                                 uint32_t buffer_bytes)
{
    *messages = (struct msg_queue){
        .queue = queue,
        .prefix = prefix,
        .prefix_bytes = prefix_bytes,
        .buffer = buffer,
        .buffer_bytes = buffer_bytes,
    };
    bool fits = prefix_bytes <= MSG_QUEUE_PREFIX_BYTES_MAX &&
                overhead_bytes(messages) <= byte_queue_largest_size(queue);
    return fits ? QUEUE_OK : QUEUE_ARGUMENT;
}

uint32_t msg_queue_largest_message(const struct msg_queue *messages)
{
    return byte_queue_largest_size(messages->queue) - overhead_bytes(messages);
}

enum queue_status msg_queue_write_or_fail(struct msg_queue *messages, const void *data,
                                          uint32_t bytes)
{
    if (bytes > msg_queue_largest_message(messages)) {
        return QUEUE_TOO_BIG;
    }
    uint32_t space;
    enum queue_status status = byte_queue_space(messages->queue, &space);
    if (status != QUEUE_OK) {
        return status;
    }
    if (overhead_bytes(messages) + bytes > space) { // before the checksum, which takes its time
        return QUEUE_FULL;
    }
    unsigned char header[MSG_QUEUE_HEADER_BYTES_MAX];
    unsigned char *fields = header + messages->prefix_bytes;
    if (messages->prefix_bytes > 0) { // else it may be NULL
        memcpy(header, messages->prefix, messages->prefix_bytes);
    }
    fields[0] = MSG_QUEUE_PROTOCOL_VERSION;
    put_u32(fields + SIZE_OFFSET, bytes);
    put_u32(fields + HEADER_CRC_OFFSET, header_crc(messages, header));
    unsigned char trailer[MSG_QUEUE_CRC_BYTES];
    put_u32(trailer, crc32_of(crc32_of(0, header, header_bytes(messages)), data, bytes));
    const struct byte_chunk chunks[] = {
        {header, header_bytes(messages)},
        {data, bytes},
        {trailer, sizeof trailer},
    };
    return byte_queue_write_chunks_or_fail(messages->queue, chunks, 3);
}

enum queue_status msg_queue_write_blocking(struct msg_queue *messages, const void *data,
                                           uint32_t bytes, struct queue_wait wait)
{
    enum queue_status status;
    do {
        status = msg_queue_write_or_fail(messages, data, bytes);
    } while (status == QUEUE_FULL && wait.again(wait.context));
    return status == QUEUE_FULL ? QUEUE_TIMEOUT : status;
}

static enum queue_status skip(struct msg_queue *messages, uint32_t bytes)
{
    enum queue_status status = byte_queue_skip_or_fail(messages->queue, bytes);
    if (status == QUEUE_OK) {
        messages->skipped_bytes += bytes;
    }
    return status;
}

// Skips, and says why; where that fails, why that fails.
static enum queue_status refuse(struct msg_queue *messages, uint32_t bytes, uint32_t *counter,
                                enum queue_status reason)
{
    (*counter)++;
    enum queue_status status = skip(messages, bytes);
    return status == QUEUE_OK ? reason : status;
}

// Where the prefix begins in a window, or how many of its bytes cannot be the beginning of one.
static bool find_prefix(const struct msg_queue *messages, const unsigned char *window,
                        uint32_t bytes, uint32_t *before)
{
    uint32_t prefix_bytes = messages->prefix_bytes;
    for (*before = 0; bytes - *before >= prefix_bytes; (*before)++) {
        if (prefix_bytes == 0 || memcmp(window + *before, messages->prefix, prefix_bytes) == 0) {
            return true;
        }
    }
    return false;
}

// Skips what precedes the next prefix, or all but what may be the beginning of one.
static enum queue_status skip_to_prefix(struct msg_queue *messages)
{
    unsigned char window[WINDOW_BYTES];
    // Without damage the prefix is right there, in a window as short as a header.
    uint32_t bytes = header_bytes(messages);
    for (;;) {
        uint32_t peeked, before;
        enum queue_status status =
            byte_queue_peek_at_most(messages->queue, 0, window, bytes, &peeked);
        if (status != QUEUE_OK) {
            return status;
        }
        bool found = find_prefix(messages, window, peeked, &before);
        if (before > 0) {
            status = skip(messages, before);
        }
        if (status != QUEUE_OK || found || peeked < bytes) {
            return status;
        }
        bytes = sizeof window;
    }
}

// The message at the reader's position, all of which is there. Consumes it in any case.
static enum queue_status take(struct msg_queue *messages, const unsigned char *header,
                              uint32_t bytes)
{
    struct byte_queue *queue = messages->queue;
    uint32_t whole = overhead_bytes(messages) + bytes;
    if (bytes > messages->buffer_bytes) {
        return refuse(messages, whole, &messages->too_big, QUEUE_TOO_BIG);
    }
    // Copied before it is checked, so that it stays what was checked.
    unsigned char trailer[MSG_QUEUE_CRC_BYTES];
    uint32_t data_peeked, trailer_peeked;
    enum queue_status status = byte_queue_peek_at_most(queue, header_bytes(messages),
                                                       messages->buffer, bytes, &data_peeked);
    if (status == QUEUE_OK) {
        status = byte_queue_peek_at_most(queue, header_bytes(messages) + bytes, trailer,
                                         sizeof trailer, &trailer_peeked);
    }
    if (status != QUEUE_OK) {
        return status;
    }
    if (data_peeked < bytes || trailer_peeked < sizeof trailer) {
        return QUEUE_EMPTY; // created anew meanwhile
    }
    uint32_t crc = crc32_of(crc32_of(0, header, header_bytes(messages)), messages->buffer, bytes);
    if (get_u32(trailer) != crc) {
        // Its length is right, for the header is whole.
        return refuse(messages, whole, &messages->damaged, QUEUE_CRC);
    }
    messages->messages++;
    return byte_queue_skip_or_fail(queue, whole);
}

// Reads the header at the reader's position, all of which is there, and what it says of the data's
// length. What cannot be the header of a message of this queue is skipped.
static enum queue_status read_header(struct msg_queue *messages, unsigned char *header,
                                     uint32_t *length)
{
    enum queue_status status =
        byte_queue_peek_or_fail(messages->queue, header, header_bytes(messages));
    if (status != QUEUE_OK) {
        return status;
    }
    const unsigned char *fields = header + messages->prefix_bytes;
    bool is_whole = (messages->prefix_bytes == 0 ||
                     memcmp(header, messages->prefix, messages->prefix_bytes) == 0) &&
                    get_u32(fields + HEADER_CRC_OFFSET) == header_crc(messages, header);
    if (!is_whole) {
        // What it says of its length is not to be trusted: the next message may begin anywhere.
        return refuse(messages, 1, &messages->damaged, QUEUE_CRC);
    }
    if (fields[0] != MSG_QUEUE_PROTOCOL_VERSION) {
        // The header is whole, so no message begins in it. What follows may be of another format.
        return refuse(messages, header_bytes(messages), &messages->wrong_version, QUEUE_VERSION);
    }
    *length = get_u32(fields + SIZE_OFFSET);
    if (*length > msg_queue_largest_message(messages)) {
        // It can never be here whole.
        return refuse(messages, header_bytes(messages), &messages->too_big, QUEUE_TOO_BIG);
    }
    return QUEUE_OK;
}

enum queue_status msg_queue_read_or_fail(struct msg_queue *messages, uint32_t *bytes)
{
    uint32_t available;
    *bytes = 0;
    enum queue_status status = skip_to_prefix(messages);
    if (status == QUEUE_OK) {
        status = byte_queue_size(messages->queue, &available);
    }
    if (status != QUEUE_OK) {
        return status;
    }
    if (available < header_bytes(messages)) {
        return QUEUE_EMPTY;
    }
    unsigned char header[MSG_QUEUE_HEADER_BYTES_MAX];
    uint32_t length;
    status = read_header(messages, header, &length);
    if (status != QUEUE_OK) {
        return status;
    }
    if (available < overhead_bytes(messages) + length) {
        return QUEUE_EMPTY;
    }
    status = take(messages, header, length);
    *bytes = status == QUEUE_OK ? length : 0;
    return status;
}

enum queue_status msg_queue_read_blocking(struct msg_queue *messages, struct queue_wait wait,
                                          uint32_t *bytes)
{
    enum queue_status status;
    do {
        status = msg_queue_read_or_fail(messages, bytes);
    } while (status == QUEUE_EMPTY && wait.again(wait.context));
    return status == QUEUE_EMPTY ? QUEUE_TIMEOUT : status;
}
