#include "core/core.h"

#include <stddef.h>

#include "core/attach.h"
#include "core/command.h"

// A core wakes this often when nothing happens, to show that it is alive: a host that looks ten
// times a second sees it move.
#define HEARTBEAT_US 25000u

// Commands in a row before the host gets its room back and free-running streams their turn.
#define COMMANDS_PER_TURN 32u

// How far a free-running stream may fall behind before blocks are given up instead of made late.
#define LATE_US_MAX 100000u

static void publish_counter(uint32_t *word, uint32_t value)
{
    // Relaxed: counters stand for nothing but themselves.
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static void publish_status(struct core *core, uint64_t now)
{
    struct carillon_core_status *status = &core->shared->status[core->index];
    publish_counter(&status->heartbeat, ++core->heartbeat);
    publish_counter(&status->uptime_us, (uint32_t)(now - core->booted_us));
    publish_counter(&status->busy_us, (uint32_t)core->busy_us);
    publish_counter(&status->streams, core->streams.open);
    publish_counter(&status->blocks, core->blocks);
    publish_counter(&status->overruns, core->overruns);
    publish_counter(&status->refused, core->refused);
}

enum turn { TURN_IDLE, TURN_WORKED, TURN_BLOCKED };

static enum turn run_commands(struct core *core)
{
    enum turn turn = TURN_IDLE;
    struct ring_record record;
    for (uint32_t i = 0; i < COMMANDS_PER_TURN && ring_peek(&core->in, &record); i++) {
        if (!command_run(core, &record)) {
            return TURN_BLOCKED;
        }
        ring_advance(&core->in);
        turn = TURN_WORKED;
    }
    return turn;
}

static uint64_t due_us(const struct stream *stream)
{
    return stream->started_us +
           stream->blocks * stream->block_frames * 1000000u / stream->format.sample_rate_hz;
}

static void make_block(struct core *core, struct stream *stream, uint32_t slot)
{
    uint32_t length = stream->block_frames * stream->format.channels * (uint32_t)sizeof(float);
    float *out = ring_claim(&core->out, length);
    if (out == NULL) {
        core->overruns++; // time does not wait: the sequence shows the gap
    } else {
        stream_process(&core->streams, stream, NULL, out, length);
        ring_commit(&core->out, CARILLON_EVENT_SAMPLES, slot, stream->sequence);
        core->blocks++;
    }
    stream->sequence++;
    stream->blocks++;
}

// Makes the blocks that are due. Returns when the next one is, or UINT64_MAX.
static uint64_t run_free_streams(struct core *core, uint64_t now)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t slot = 0; core->streams.open > 0 && slot < CARILLON_STREAMS_MAX; slot++) {
        struct stream *stream = stream_started(&core->streams, slot);
        if (stream == NULL || !stream->free_running) {
            continue;
        }
        if (now > due_us(stream) + LATE_US_MAX) {
            core->overruns++;
            stream->sequence++;
            stream->started_us = now;
            stream->blocks = 0;
        }
        while (due_us(stream) <= now) {
            make_block(core, stream, slot);
        }
        uint64_t due = due_us(stream);
        next = due < next ? due : next;
    }
    return next;
}

// Gives the host what this turn made and freed, with one bell at most.
static void show_host(struct core *core)
{
    bool records = ring_publish(&core->out);
    bool room = ring_free(&core->in);
    if (records || room) {
        core->port->ring(core->port->context);
    }
}

static void sleep_until(struct core *core, uint64_t now, uint64_t deadline)
{
    uint64_t left = deadline > now ? deadline - now : 0;
    uint32_t timeout = left < HEARTBEAT_US ? (uint32_t)left : HEARTBEAT_US;
    if (!core->port->wait(core->port->context, timeout)) {
        core->stopping = true;
    }
}

// One turn with linked rings: work, show, and sleep where there is nothing left to do.
static void run_turn(struct core *core)
{
    const struct port *port = core->port;
    uint64_t start = port->now_us(port->context);
    uint32_t blocks = core->blocks;
    enum turn turn = run_commands(core);
    uint64_t next = run_free_streams(core, start);
    show_host(core);
    uint64_t now = port->now_us(port->context);
    if (turn == TURN_WORKED || core->blocks != blocks) {
        core->busy_us += now - start;
    }
    if (core->in.damaged || core->out.damaged) {
        attach_report_damage(core);
        return;
    }
    publish_status(core, now);
    if (turn == TURN_WORKED || core->stopping) {
        return;
    }
    bool may_sleep = turn == TURN_BLOCKED ? ring_producer_try_sleep(&core->out)
                                          : ring_consumer_try_sleep(&core->in);
    if (may_sleep) {
        sleep_until(core, now, next);
        ring_producer_wake(&core->out);
        ring_consumer_wake(&core->in);
    }
}

void core_run(struct core *core)
{
    const struct port *port = core->port;
    struct carillon_core_status *status = &core->shared->status[core->index];
    core->booted_us = port->now_us(port->context);
    while (!core->stopping) {
        if (attach_follow(core)) {
            run_turn(core);
        } else {
            uint64_t now = port->now_us(port->context);
            publish_status(core, now);
            sleep_until(core, now, UINT64_MAX);
        }
    }
    stream_close_all(&core->streams);
    // Release: nothing of the shared region is touched after this.
    __atomic_store_n(&status->link, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&status->state, CARILLON_CORE_STOPPED, __ATOMIC_RELEASE);
    port->ring(port->context);
}
