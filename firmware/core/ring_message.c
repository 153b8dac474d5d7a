#include "core/ring_message.h"

#include <stddef.h>
#include <string.h>

void ring_message_writer_init(struct ring_message_writer *writer, struct ring_producer *ring)
{
    *writer = (struct ring_message_writer){.ring = ring};
}

void ring_message_begin(struct ring_message_writer *writer, const struct ring_message *message)
{
    writer->message = *message;
    writer->busy = true;
    writer->continued = false;
}

bool ring_message_continue(struct ring_message_writer *writer)
{
    struct ring_message *left = &writer->message;
    uint32_t most = ring_claim_bytes_max(writer->ring);
    while (writer->busy) {
        uint32_t length = left->length < most ? left->length : most;
        void *place = ring_claim(writer->ring, length);
        if (place == NULL) {
            return false;
        }
        memcpy(place, left->bytes, length);
        left->bytes = (const unsigned char *)left->bytes + length;
        left->length -= length;
        uint32_t flags = (writer->continued ? CARILLON_RECORD_CONTINUED : 0u) |
                         (left->length > 0 ? CARILLON_RECORD_MORE : 0u);
        ring_commit_flagged(writer->ring, left->type, (uint16_t)flags, left->stream,
                            left->sequence);
        writer->continued = true;
        writer->busy = left->length > 0;
    }
    return true;
}

void ring_message_reader_init(struct ring_message_reader *reader, struct ring_consumer *ring,
                              void *buffer, uint32_t buffer_bytes)
{
    *reader = (struct ring_message_reader){
        .ring = ring, .buffer = buffer, .buffer_bytes = buffer_bytes};
}

static bool belongs(const struct ring_message_reader *reader,
                    const struct carillon_record_header *header)
{
    return header->type == reader->joined.type && header->stream == reader->joined.stream &&
           header->sequence == reader->joined.sequence;
}

static void add_piece(struct ring_message_reader *reader, const struct ring_record *record)
{
    uint32_t length = record->header.length;
    if (reader->too_long || length > reader->buffer_bytes - reader->joined.length) {
        reader->too_long = true;
        return;
    }
    memcpy(reader->buffer + reader->joined.length, record->payload, length);
    reader->joined.length += length;
}

static void begin_joining(struct ring_message_reader *reader,
                          const struct carillon_record_header *header)
{
    reader->joining = true;
    reader->too_long = false;
    reader->joined = (struct ring_message){.type = header->type,
                                           .stream = header->stream,
                                           .sequence = header->sequence,
                                           .bytes = reader->buffer};
}

// Takes a record. True where it made a message whole, which is then in `message`.
static bool take(struct ring_message_reader *reader, const struct ring_record *record,
                 struct ring_message *message)
{
    const struct carillon_record_header *header = &record->header;
    bool continued = (header->flags & CARILLON_RECORD_CONTINUED) != 0;
    bool more = (header->flags & CARILLON_RECORD_MORE) != 0;
    if (reader->joining && !(continued && belongs(reader, header))) {
        reader->broken_count++;
        reader->joining = false;
    }
    if (continued && !reader->joining) {
        reader->broken_count += more ? 0 : 1; // once, however many pieces are left of it
        return false;
    }
    if (!continued && !more) {
        *message = (struct ring_message){header->type, header->stream, header->sequence,
                                         record->payload, header->length};
        return true;
    }
    if (!continued) {
        begin_joining(reader, header);
    }
    add_piece(reader, record);
    if (more) {
        return false;
    }
    reader->joining = false;
    if (reader->too_long) {
        reader->too_long_count++;
        return false;
    }
    *message = reader->joined;
    return true;
}

bool ring_message_peek(struct ring_message_reader *reader, struct ring_message *message)
{
    struct ring_record record;
    while (ring_peek(reader->ring, &record)) {
        if (take(reader, &record, message)) {
            return true;
        }
        ring_advance(reader->ring);
    }
    return false;
}

void ring_message_advance(struct ring_message_reader *reader)
{
    ring_advance(reader->ring);
}
