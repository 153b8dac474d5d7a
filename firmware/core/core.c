#include "core/core.h"

#include <stddef.h>

#include "core/atomic.h"
#include "core/attach.h"
#include "core/command.h"
#include "core/status.h"
#include "core/this_core.h"

#if !defined(__aarch64__) || __STDC_HOSTED__
struct core *this_core_of_process;
#endif

// A core wakes this often when nothing happens, to show that it is alive: a host that looks ten
// times a second sees it move.
#ifndef HEARTBEAT_US
#define HEARTBEAT_US 25000u
#endif

// Commands in a row before the host gets its room back and free-running streams their turn.
#define COMMANDS_PER_TURN 32u

// How long a core that polls looks at its ring alone, before it looks at everything else: whether the
// host has gone or taken the rings away, and its bells.
#define POLL_US 1000u

// Looks at the ring between two at the clock, which takes as long as some ten of them.
#define POLLS_PER_CLOCK 32u

// How far a free-running stream may fall behind before blocks are given up instead of made late.
#define LATE_US_MAX 100000u

enum turn { TURN_IDLE, TURN_WORKED, TURN_BLOCKED };

// Counts the work since then as done, and shows it: a turn full of long filters is no hang, and no
// idleness either.
static void show_work(struct core *core, uint64_t *since)
{
    uint64_t now = core->port->now_us(core->port->context);
    core->busy_us += now - *since;
    *since = now;
    core_publish_status(core, now);
}

static enum turn run_commands(struct core *core, uint64_t *since)
{
    enum turn turn = TURN_IDLE;
    struct ring_record record;
    for (uint32_t i = 0; i < COMMANDS_PER_TURN && !core->stopping; i++) {
        if (!ring_peek(&core->in, &record)) {
            break;
        }
        if (turn == TURN_WORKED) {
            show_work(core, since);
        }
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
    uint64_t frames = stream->blocks * stream->block_frames;
    uint32_t rate = stream->format.sample_rate_hz;
    // Whole seconds apart: frames times a million would be too large after 277 days.
    return stream->started_us + frames / rate * 1000000u + frames % rate * 1000000u / rate;
}

static void make_block(struct core *core, struct stream *stream, uint32_t slot)
{
    uint32_t length = stream_block_bytes(stream);
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
    core_beat(core);
}

// Gives up the blocks of a stream that fell too far behind, but for the one that is due now. They
// stay missing in the sequence, so that it still says when a block was due.
static void skip_late_blocks(struct core *core, struct stream *stream, uint64_t now)
{
    uint64_t due = due_us(stream);
    if (now <= due + LATE_US_MAX) {
        return;
    }
    uint64_t skipped = (now - due) * stream->format.sample_rate_hz /
                       ((uint64_t)stream->block_frames * 1000000u);
    core->overruns += (uint32_t)skipped;
    stream->sequence += (uint32_t)skipped;
    stream->blocks += skipped;
}

// Makes the blocks that are due. Returns when the next one is, or UINT64_MAX.
static uint64_t run_free_streams(struct core *core, uint64_t now)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t slot = 0; core->streams.free_running > 0 && slot < CARILLON_STREAMS_MAX; slot++) {
        struct stream *stream = stream_started(&core->streams, slot);
        if (stream == NULL || !stream->free_running) {
            continue;
        }
        skip_late_blocks(core, stream, now);
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

static void tell_counters(struct core *core, uint64_t now)
{
    trace_counter(&core->refused_told, core->refused, "commands refused", now);
    trace_counter(&core->overruns_told, core->overruns, "blocks overrun", now);
}

// Looks for a command until there is one, for POLL_US or until `deadline`. False where none came.
static bool poll_for_command(struct core *core, uint64_t now, uint64_t deadline)
{
    const struct port *port = core->port;
    uint64_t end = deadline - now < POLL_US ? deadline : now + POLL_US;
    struct ring_record record;
    do {
        for (uint32_t i = 0; i < POLLS_PER_CLOCK; i++) {
            if (ring_peek(&core->in, &record) || core->in.damaged) {
                return true;
            }
            port->relax(port->context);
        }
    } while (port->now_us(port->context) < end);
    return false;
}

// Shows what only a turn without work shows: the time, and counters that were held back.
static void show_time(struct core *core, uint64_t now)
{
    tell_counters(core, now);
    core_publish_status(core, now);
}

// What a core that polls does instead of sleeping until `next`. Where no command came for a while it
// looks at its bells as well, without waiting for them.
static void poll_until(struct core *core, uint64_t next)
{
    const struct port *port = core->port;
    uint64_t now = port->now_us(port->context);
    if (next <= now || poll_for_command(core, now, next)) {
        return;
    }
    now = port->now_us(port->context);
    show_time(core, now);
    sleep_until(core, now, now);
}

// Does what there is to do, and shows it. `next` is set to when a free-running stream is due.
static enum turn work(struct core *core, uint64_t *next)
{
    const struct port *port = core->port;
    uint64_t start = port->now_us(port->context);
    uint64_t since = start;
    uint32_t blocks = core->blocks;
    enum turn turn = run_commands(core, &since);
    *next = run_free_streams(core, start);
    tell_counters(core, since);
    // Before the host is shown what this turn made: it finds the counters of the records it reads. What
    // it waits for is not made later by a look at the clock: the time is shown before the next sleep.
    core_publish_status(core, since);
    show_host(core);
    if (turn == TURN_WORKED || core->blocks != blocks) {
        core->busy_us += port->now_us(port->context) - since;
    }
    return turn;
}

// One turn with linked rings: work, and sleep or poll where there is nothing left to do. A turn that
// finds nothing costs little: on some machines a look at the clock takes longer than all else.
static void run_turn(struct core *core)
{
    const struct port *port = core->port;
    struct ring_record record;
    enum turn turn = TURN_IDLE;
    uint64_t next = UINT64_MAX;
    if (core->streams.free_running > 0 || ring_peek(&core->in, &record)) {
        turn = work(core, &next);
    } else {
        show_host(core); // room of what is no record
    }
    if (core->in.damaged || core->out.damaged) {
        attach_report_damage(core);
        return;
    }
    if (turn == TURN_WORKED || core->stopping) {
        return;
    }
    if (turn == TURN_IDLE && port->relax != NULL) {
        poll_until(core, next);
        return;
    }
    bool may_sleep = turn == TURN_BLOCKED ? ring_producer_try_sleep(&core->out)
                                          : ring_consumer_try_sleep(&core->in);
    if (may_sleep) {
        uint64_t now = port->now_us(port->context);
        show_time(core, now);
        sleep_until(core, now, next);
        ring_producer_wake(&core->out);
        ring_consumer_wake(&core->in);
    }
}

void core_run(struct core *core)
{
    const struct port *port = core->port;
    this_core_set(core);
    core->booted_us = port->now_us(port->context);
    while (!core->stopping) {
        core_repeat_identity(core);
        if (attach_follow(core)) {
            run_turn(core);
        } else {
            uint64_t now = port->now_us(port->context);
            core_publish_status(core, now);
            sleep_until(core, now, UINT64_MAX);
        }
    }
    trace(CARILLON_TRACE_INFO, "stopping");
    attach_leave(core);
}
