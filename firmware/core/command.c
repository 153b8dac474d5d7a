#include "core/command.h"

#include <stddef.h>
#include <string.h>

// An answer is claimed before the command has an effect, so that one that finds no room can simply
// be tried again.
static void answer(struct core *core, uint16_t event, const struct ring_record *record)
{
    ring_commit(&core->out, event, record->header.stream, record->header.sequence);
}

static bool run_start(struct core *core, const struct ring_record *record)
{
    struct carillon_failure *place = ring_claim(&core->out, sizeof *place);
    if (place == NULL) {
        return false;
    }
    uint64_t now = core->port->now_us(core->port->context);
    *place = stream_start(&core->streams, record->header.stream,
                          ring_claim_bytes_max(&core->out), now);
    bool ok = place->status == CARILLON_STATUS_OK;
    core->refused += ok ? 0 : 1;
    answer(core, ok ? CARILLON_EVENT_STARTED : CARILLON_EVENT_FAILED, record);
    return true;
}

static bool run_samples(struct core *core, const struct ring_record *record)
{
    struct stream *stream = stream_started(&core->streams, record->header.stream);
    uint32_t length = record->header.length;
    // What no answer could hold would block the ring for good.
    if (stream == NULL || length == 0 || length > ring_claim_bytes_max(&core->out) ||
        length % (stream->format.channels * sizeof(float)) != 0) {
        core->refused++;
        return true;
    }
    void *out = ring_claim(&core->out, length);
    if (out == NULL) {
        return false;
    }
    stream_process(&core->streams, stream, record->payload, out, length);
    core->blocks++;
    answer(core, CARILLON_EVENT_SAMPLES, record);
    return true;
}

static bool run_close(struct core *core, const struct ring_record *record)
{
    if (ring_claim(&core->out, 0) == NULL) {
        return false;
    }
    // Answered in any case: the host waits for it before it uses the slot again.
    core->refused += stream_close(&core->streams, record->header.stream) ? 0 : 1;
    answer(core, CARILLON_EVENT_CLOSED, record);
    return true;
}

static bool run_describe(struct core *core, const struct ring_record *record)
{
    for (; core->described < effect_count; core->described++) {
        struct carillon_effect_info *info = ring_claim(&core->out, sizeof *info);
        if (info == NULL) {
            return false;
        }
        *info = effect_table[core->described]->info;
        ring_commit(&core->out, CARILLON_EVENT_EFFECT_INFO, 0, core->described);
    }
    if (ring_claim(&core->out, 0) == NULL) {
        return false;
    }
    core->described = 0;
    answer(core, CARILLON_EVENT_DESCRIBED, record);
    return true;
}

bool command_run(struct core *core, const struct ring_record *record)
{
    const struct carillon_record_header *header = &record->header;
    bool known = true;
    switch (header->type) {
    case CARILLON_COMMAND_OPEN:
        known = stream_open(&core->streams, header->stream, record->payload, header->length);
        break;
    case CARILLON_COMMAND_EFFECT:
        known = stream_add_effect(&core->streams, header->stream, record->payload, header->length);
        break;
    case CARILLON_COMMAND_LIST:
        known = stream_add_list(&core->streams, header->stream, record->payload, header->length);
        break;
    case CARILLON_COMMAND_START:
        return run_start(core, record);
    case CARILLON_COMMAND_SAMPLES:
        return run_samples(core, record);
    case CARILLON_COMMAND_CLOSE:
        return run_close(core, record);
    case CARILLON_COMMAND_DESCRIBE:
        return run_describe(core, record);
    case CARILLON_COMMAND_STOP:
        core->stopping = true;
        break;
    default:
        known = false;
    }
    core->refused += known ? 0 : 1;
    return true;
}
