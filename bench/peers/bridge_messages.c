#include "peers/bridge_messages.h"

#include <string.h>

#include "peers/bridge_core.h"

enum {
    // The records that open a stream, all together, are less.
    OPEN_BYTES_MAX = 4096,
};

static enum handled handle_hello(struct client *client, uint64_t request, struct wire_reader reader)
{
    struct wire_field field;
    uint64_t version = 0;
    while (wire_read_field(&reader, &field)) {
        version = field.number == 1 ? field.value : version;
    }
    if (reader.bad || client->has_greeted || version != WIRE_PROTOCOL_VERSION) {
        return WRONG;
    }
    client->has_greeted = true;
    unsigned char body[64];
    static const char name[] = "epoll_bridge";
    unsigned char *end = wire_put_number(body, 1, WIRE_PROTOCOL_VERSION);
    end = wire_put_bytes(end, 2, name, sizeof name - 1);
    client_answer(client, request, WIRE_WELCOME, body, (size_t)(end - body));
    return HANDLED;
}

static bool is_named(const struct wire_field *field, const char *name, size_t room)
{
    return field->length < room && memcmp(field->bytes, name, field->length) == 0 &&
           name[field->length] == '\0';
}

// Sets the value of the parameter that the message names. False where there is no such.
static bool read_parameter(struct wire_reader reader, const struct carillon_effect_info *info,
                           double *values)
{
    struct wire_field field;
    uint32_t param = CARILLON_NONE;
    double value = 0;
    bool has_value = false;
    while (wire_read_field(&reader, &field)) {
        if (field.number == 1 && field.bytes != NULL) {
            for (uint32_t i = 0; i < info->param_count; i++) {
                if (is_named(&field, info->params[i].name, sizeof info->params[i].name)) {
                    param = i;
                }
            }
        } else if (field.number == 2 && field.length == sizeof value) {
            memcpy(&value, field.bytes, sizeof value);
            has_value = true;
        }
    }
    if (reader.bad || param == CARILLON_NONE || !has_value) {
        return false;
    }
    values[param] = value;
    return true;
}

// Puts the EFFECT that the message describes onto the ring. False where there is no such effect.
static bool put_effect(struct wire_reader reader, uint32_t stream, uint32_t position)
{
    struct wire_reader names = reader;
    struct wire_field field;
    const struct carillon_effect_info *info = NULL;
    while (wire_read_field(&names, &field)) {
        for (uint32_t i = 0; field.number == 1 && field.bytes != NULL && i < core.effect_count; i++) {
            if (is_named(&field, core.effects[i].name, sizeof core.effects[i].name)) {
                info = &core.effects[i];
            }
        }
    }
    if (info == NULL) {
        return false;
    }
    double values[CARILLON_PARAMS_MAX];
    for (uint32_t i = 0; i < info->param_count; i++) {
        values[i] = info->params[i].def;
    }
    while (wire_read_field(&reader, &field)) {
        if (field.number == 2 && !read_parameter(wire_inside(&field), info, values)) {
            return false;
        }
    }
    const struct carillon_effect_config config = {.position = position,
                                                  .effect = (uint32_t)(info - core.effects),
                                                  .value_count = info->param_count};
    uint32_t value_bytes = info->param_count * (uint32_t)sizeof *values;
    unsigned char *place = ring_claim(&core.to_core, (uint32_t)sizeof config + value_bytes);
    if (place == NULL) {
        return false;
    }
    memcpy(place, &config, sizeof config);
    memcpy(place + sizeof config, values, value_bytes);
    ring_commit(&core.to_core, CARILLON_COMMAND_EFFECT, stream, 0);
    return !reader.bad;
}

static struct slot *find_free_slot(void)
{
    for (struct slot *slot = slots; slot < slots + CARILLON_STREAMS_MAX; slot++) {
        if (slot->state == SLOT_FREE) {
            return slot;
        }
    }
    return NULL;
}

static enum handled handle_open(struct client *client, uint64_t request, struct wire_reader reader)
{
    struct carillon_open_stream open = {0};
    struct wire_reader counted = reader;
    struct wire_field field;
    while (wire_read_field(&counted, &field)) {
        open.sample_rate_hz = field.number == 1 ? (uint32_t)field.value : open.sample_rate_hz;
        open.channels = field.number == 2 ? (uint32_t)field.value : open.channels;
        open.effect_count += field.number == 3 ? 1 : 0;
    }
    struct slot *slot = find_free_slot();
    if (counted.bad || slot == NULL || open.effect_count > CARILLON_EFFECTS_MAX) {
        return WRONG;
    }
    // Room for all records, or none: half a chain could not be taken back.
    if (ring_claim(&core.to_core, OPEN_BYTES_MAX) == NULL) {
        return NO_ROOM;
    }
    ring_abort(&core.to_core);
    uint32_t number = (uint32_t)(slot - slots);
    *slot = (struct slot){
        .state = SLOT_OPENING, .client = client, .request = request};
    memcpy(ring_claim(&core.to_core, sizeof open), &open, sizeof open);
    ring_commit(&core.to_core, CARILLON_COMMAND_OPEN, number, 0);
    uint32_t position = 0;
    while (wire_read_field(&reader, &field)) {
        if (field.number == 3 && !put_effect(wire_inside(&field), number, position++)) {
            return WRONG;
        }
    }
    ring_claim(&core.to_core, 0);
    ring_commit(&core.to_core, CARILLON_COMMAND_START, number, 0);
    return HANDLED;
}

static struct slot *find_stream(const struct client *client, uint32_t name)
{
    struct slot *slot = &slots[name - 1u];
    return name - 1u < CARILLON_STREAMS_MAX && slot->client == client ? slot : NULL;
}

static enum handled handle_samples(struct client *client, struct wire_reader reader)
{
    struct wire_samples samples;
    if (!wire_read_samples(reader, &samples)) {
        return WRONG;
    }
    struct slot *slot = find_stream(client, samples.stream);
    if (slot == NULL || slot->state != SLOT_OPEN || samples.sequence != slot->sequence ||
        samples.length == 0 || samples.length % sizeof(float) != 0 ||
        samples.length > ring_claim_bytes_max(&core.to_core)) {
        return WRONG;
    }
    void *place = ring_claim(&core.to_core, (uint32_t)samples.length);
    if (place == NULL) {
        return NO_ROOM;
    }
    memcpy(place, samples.data, samples.length);
    ring_commit(&core.to_core, CARILLON_COMMAND_SAMPLES, (uint32_t)(slot - slots), slot->sequence++);
    return HANDLED;
}

enum handled message_handle(struct client *client, struct wire_reader reader)
{
    struct wire_field field;
    uint64_t request = 0;
    while (wire_read_field(&reader, &field)) {
        if (field.number == WIRE_REQUEST) {
            request = field.value;
            continue;
        }
        if (field.bytes == NULL || (!client->has_greeted && field.number != WIRE_HELLO)) {
            return WRONG;
        }
        // A body is the last of its message, as everybody writes it.
        switch (field.number) {
        case WIRE_HELLO:
            return handle_hello(client, request, wire_inside(&field));
        case WIRE_OPEN_STREAM:
            return handle_open(client, request, wire_inside(&field));
        case WIRE_CLIENT_SAMPLES:
            return handle_samples(client, wire_inside(&field));
        default:
            return WRONG;
        }
    }
    return WRONG;
}
