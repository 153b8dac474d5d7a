// What comes back to a load on a bridge: everything is checked.
#include <string.h>

#include "common/wire.h"
#include "load/bridge_connection.h"
#include "load/bridge_samples.h"
#include "load/load.h"
#include "load/load_options.h"
#include "load/load_run.h"

static uint32_t until_sample = LOAD_SAMPLE_EVERY;

static void take_block(struct connection *connection, struct wire_reader reader, uint64_t now)
{
    struct wire_samples samples;
    if (!wire_read_samples(reader, &samples)) {
        load_fail_server("connection %u: a block came back as no message", connection->index + 1);
    }
    if (connection->received == connection->queued) {
        load_fail_server("connection %u: more blocks came back than were sent",
                         connection->index + 1);
    }
    if (samples.stream != connection->stream || samples.sequence != (uint32_t)connection->received) {
        load_fail_server("connection %u: block %llu came back as another one",
                         connection->index + 1, (unsigned long long)connection->received);
    }
    if (samples.length != bridge_load.data_bytes) {
        load_fail_server("connection %u: a block of %zu bytes came back, not %u",
                         connection->index + 1, samples.length, bridge_load.data_bytes);
    }
    if (!samples_have_stamp(samples.data, connection->received)) {
        load_fail_server("connection %u: block %llu came back with the samples of another one",
                         connection->index + 1, (unsigned long long)connection->received);
    }
    if (connection->received == 0 || --until_sample == 0) {
        if (!samples_are_right(samples.data, connection_samples(connection, connection->received),
                               connection->received, connection->scale)) {
            load_fail_server("connection %u: block %llu came back changed", connection->index + 1,
                             (unsigned long long)connection->received);
        }
        until_sample = LOAD_SAMPLE_EVERY;
    }
    if (load_run.phase == LOAD_MEASURING && !connection->is_slow) {
        histogram_record(&load_run.latencies_ns,
                         now - connection->queued_at_ns[connection->received % connection->depth],
                         1);
    }
    connection->received++;
    load_run.unanswered--;
}

static _Noreturn void fail_told(const struct connection *connection, struct wire_reader reader)
{
    struct wire_field field;
    struct wire_field why = {0};
    while (wire_read_field(&reader, &field)) {
        why = field.number == 2 ? field : why;
    }
    load_fail_server("connection %u: the server says: %.*s", connection->index + 1,
                     (int)(why.length < 300 ? why.length : 300),
                     why.bytes == NULL ? "" : (const char *)why.bytes);
}

static void take_opened(struct connection *connection, struct wire_reader reader)
{
    struct wire_field field;
    while (wire_read_field(&reader, &field)) {
        connection->stream = field.number == 1 ? (uint32_t)field.value : connection->stream;
    }
    connection->stage = STAGE_FIRST;
    connection_send_blocks(connection, 1);
}

// What is told before the first block.
static void take_greeting(struct connection *connection, const struct wire_field *field)
{
    if (field->number == WIRE_WELCOME && connection->stage == STAGE_HELLO) {
        if (connection->is_active) {
            connection_open_stream(connection);
        } else {
            connection->stage = STAGE_READY;
            load_run.ready++;
        }
    } else if (field->number == WIRE_STREAM_OPENED && connection->stage == STAGE_OPENING) {
        take_opened(connection, wire_inside(field));
    } else {
        load_fail_server("connection %u: a message came that nobody asked for",
                         connection->index + 1);
    }
}

// Returns how many blocks it was.
static uint32_t take_message(struct connection *connection, struct wire_reader reader, uint64_t now)
{
    struct wire_field field;
    while (wire_read_field(&reader, &field)) {
        if (field.number == WIRE_REQUEST) {
            continue;
        }
        if (field.bytes == NULL) {
            break;
        }
        if (field.number == WIRE_ERROR) {
            fail_told(connection, wire_inside(&field));
        }
        if (field.number != WIRE_SERVER_SAMPLES) {
            take_greeting(connection, &field);
            return 0;
        }
        take_block(connection, wire_inside(&field), now);
        return 1;
    }
    load_fail_server("connection %u: a message came that is none", connection->index + 1);
}

// Takes the whole messages that have come. Returns how many blocks came back.
static uint32_t take_messages(struct connection *connection, uint64_t now)
{
    uint32_t blocks = 0;
    size_t at = 0;
    for (;;) {
        struct wire_reader message;
        bool bad = false;
        size_t bytes =
            wire_frame(connection->in + at, connection->in_bytes - at, &message, &bad);
        if (bad) {
            load_fail_server("connection %u: what came is no message", connection->index + 1);
        }
        if (bytes == 0) {
            break;
        }
        blocks += take_message(connection, message, now);
        at += bytes;
    }
    connection->in_bytes -= at;
    memmove(connection->in, connection->in + at, connection->in_bytes);
    return blocks;
}

void connection_receive(struct connection *connection)
{
    size_t room = connection->in_capacity - connection->in_bytes;
    if (room == 0) {
        load_fail_server("connection %u: a message came that is longer than any asked for",
                         connection->index + 1);
    }
    size_t count = load_receive(connection->fd, connection->index,
                                connection->in + connection->in_bytes, room);
    if (count == 0) {
        return;
    }
    load_run.progress_at_ns = connection_now_ns();
    connection->in_bytes += count;
    uint32_t blocks = take_messages(connection, load_run.progress_at_ns);
    if (blocks == 0) {
        return;
    }
    bool is_sending = load_run.phase == LOAD_WARMING_UP || load_run.phase == LOAD_MEASURING;
    if (connection->stage == STAGE_FIRST) {
        connection->stage = STAGE_READY;
        load_run.ready++;
        connection_watch(connection);
    } else if (is_sending && bridge_load.rate == 0) {
        connection_send_blocks(connection, blocks);
    }
}
