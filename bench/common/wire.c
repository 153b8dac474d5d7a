#include "common/wire.h"

#include <string.h>

enum { KIND_VARINT = 0, KIND_FIXED64 = 1, KIND_BYTES = 2, KIND_FIXED32 = 5 };
enum { SAMPLES_STREAM = 1, SAMPLES_SEQUENCE = 2, SAMPLES_DATA = 3 };

uint64_t wire_read_varint(struct wire_reader *reader)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 70 && reader->at < reader->end; shift += 7) {
        unsigned char byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7fu) << (shift < 64 ? shift : 63);
        if (byte < 0x80) {
            return value;
        }
    }
    reader->bad = true;
    return 0;
}

size_t wire_frame(const unsigned char *at, size_t available, struct wire_reader *message, bool *bad)
{
    struct wire_reader reader = {.at = at, .end = at + available};
    uint64_t length = wire_read_varint(&reader);
    if (reader.bad) {
        // A length that may go on has not come whole.
        *bad = available >= WIRE_VARINT_BYTES_MAX;
        return 0;
    }
    if (length > WIRE_MESSAGE_BYTES_MAX) {
        *bad = true;
        return 0;
    }
    if ((size_t)(reader.end - reader.at) < length) {
        return 0;
    }
    *message = (struct wire_reader){.at = reader.at, .end = reader.at + length};
    return (size_t)(message->end - at);
}

bool wire_read_field(struct wire_reader *reader, struct wire_field *field)
{
    if (reader->at == reader->end || reader->bad) {
        return false;
    }
    uint64_t tag = wire_read_varint(reader);
    size_t left = (size_t)(reader->end - reader->at);
    *field = (struct wire_field){.number = (uint32_t)(tag >> 3)};
    switch (tag & 7) {
    case KIND_VARINT:
        field->value = wire_read_varint(reader);
        return !reader->bad;
    case KIND_FIXED64:
        field->length = 8;
        break;
    case KIND_BYTES:
        field->length = wire_read_varint(reader);
        left = (size_t)(reader->end - reader->at);
        break;
    case KIND_FIXED32:
        field->length = 4;
        break;
    default:
        reader->bad = true;
        return false;
    }
    if (reader->bad || field->length > left) {
        reader->bad = true;
        return false;
    }
    field->bytes = reader->at;
    reader->at += field->length;
    return true;
}

struct wire_reader wire_inside(const struct wire_field *field)
{
    return (struct wire_reader){.at = field->bytes,
                                .end = field->bytes + field->length,
                                .bad = field->bytes == NULL};
}

bool wire_read_samples(struct wire_reader reader, struct wire_samples *samples)
{
    *samples = (struct wire_samples){0};
    struct wire_field field;
    while (wire_read_field(&reader, &field)) {
        switch (field.number) {
        case SAMPLES_STREAM:
            samples->stream = (uint32_t)field.value;
            break;
        case SAMPLES_SEQUENCE:
            samples->sequence = (uint32_t)field.value;
            break;
        case SAMPLES_DATA:
            samples->data = field.bytes;
            samples->length = field.length;
            break;
        default:
            break;
        }
    }
    return !reader.bad;
}

unsigned char *wire_put_varint(unsigned char *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    *at++ = (unsigned char)value;
    return at;
}

unsigned char *wire_put_number(unsigned char *at, uint32_t field, uint64_t value)
{
    return wire_put_varint(wire_put_varint(at, field << 3 | KIND_VARINT), value);
}

unsigned char *wire_put_double(unsigned char *at, uint32_t field, double value)
{
    at = wire_put_varint(at, field << 3 | KIND_FIXED64);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

unsigned char *wire_put_bytes(unsigned char *at, uint32_t field, const void *bytes, size_t length)
{
    at = wire_put_varint(wire_put_varint(at, field << 3 | KIND_BYTES), length);
    if (length > 0) {
        memcpy(at, bytes, length);
    }
    return at + length;
}

unsigned char *wire_put_samples_header(unsigned char *end, uint32_t message_field,
                                       const struct wire_samples *samples)
{
    // The fields first: the lengths before them depend on theirs.
    unsigned char fields[WIRE_SAMPLES_HEADER_BYTES_MAX];
    unsigned char *at = wire_put_number(fields, SAMPLES_STREAM, samples->stream);
    at = wire_put_number(at, SAMPLES_SEQUENCE, samples->sequence);
    at = wire_put_varint(at, SAMPLES_DATA << 3 | KIND_BYTES);
    at = wire_put_varint(at, samples->length);
    size_t field_bytes = (size_t)(at - fields);

    unsigned char outer[WIRE_SAMPLES_HEADER_BYTES_MAX];
    at = wire_put_varint(outer, message_field << 3 | KIND_BYTES);
    at = wire_put_varint(at, field_bytes + samples->length);
    size_t outer_bytes = (size_t)(at - outer);

    unsigned char length[WIRE_VARINT_BYTES_MAX];
    size_t length_bytes =
        (size_t)(wire_put_varint(length, outer_bytes + field_bytes + samples->length) - length);

    unsigned char *begin = end - field_bytes - outer_bytes - length_bytes;
    memcpy(begin, length, length_bytes);
    memcpy(begin + length_bytes, outer, outer_bytes);
    memcpy(begin + length_bytes + outer_bytes, fields, field_bytes);
    return begin;
}
