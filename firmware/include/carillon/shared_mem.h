// Generated from src/shm/shared-mem.ts, which explains every name. Do not edit.
//
// The layout of the memory that host and cores share. A static assert checks each offset,
// size and alignment.
#ifndef CARILLON_SHARED_MEM_H
#define CARILLON_SHARED_MEM_H

#include <stddef.h>
#include <stdint.h>

#define CARILLON_REGION_MAGIC 1313624643u
#define CARILLON_LAYOUT_VERSION 1u
#define CARILLON_LAYOUT_HASH 0xc55ab4a6u
#define CARILLON_CORES_MAX 4u
#define CARILLON_RINGS_MAX 16u
#define CARILLON_RING_CAPACITY_MIN 16384u
#define CARILLON_RING_CAPACITY_MAX 1073741824u
#define CARILLON_MESSAGE_BYTES_MAX 1073741824u
#define CARILLON_CHANNELS_MAX 8u
#define CARILLON_SAMPLE_RATE_HZ_MIN 1u
#define CARILLON_SAMPLE_RATE_HZ_MAX 768000u
#define CARILLON_STREAMS_MAX 128u
#define CARILLON_EFFECTS_MAX 16u
#define CARILLON_PARAMS_MAX 8u
#define CARILLON_LIST_VALUES_MAX 16384u
#define CARILLON_TRACE_RECORDS 32u
#define CARILLON_FAULT_LINES 4u
#define CARILLON_FAULT_REGISTERS 31u
#define CARILLON_NONE 0xffffffffu
#define CARILLON_MPSC_MAGIC 1397771587u
#define CARILLON_MPSC_SLOT_BYTES 64u
#define CARILLON_LAYOUT_TABLE_MAGIC 1414287939u
#define CARILLON_LAYOUT_TABLE_VERSION 1u
#define CARILLON_FIRMWARE_INTERFACE 2u
#define CARILLON_FIRMWARE_NOTE_TYPE 1u

enum carillon_command {
    CARILLON_COMMAND_PADDING = 0,
    CARILLON_COMMAND_OPEN = 1,
    CARILLON_COMMAND_EFFECT = 2,
    CARILLON_COMMAND_LIST = 3,
    CARILLON_COMMAND_START = 4,
    CARILLON_COMMAND_SAMPLES = 5,
    CARILLON_COMMAND_CLOSE = 6,
    CARILLON_COMMAND_DESCRIBE = 7,
    CARILLON_COMMAND_STOP = 8,
};

enum carillon_event {
    CARILLON_EVENT_PADDING = 0,
    CARILLON_EVENT_STARTED = 1,
    CARILLON_EVENT_FAILED = 2,
    CARILLON_EVENT_SAMPLES = 3,
    CARILLON_EVENT_CLOSED = 4,
    CARILLON_EVENT_EFFECT_INFO = 5,
    CARILLON_EVENT_DESCRIBED = 6,
};

enum carillon_status {
    CARILLON_STATUS_OK = 0,
    CARILLON_STATUS_MALFORMED = 1,
    CARILLON_STATUS_STREAM = 2,
    CARILLON_STATUS_FORMAT = 3,
    CARILLON_STATUS_EFFECT = 4,
    CARILLON_STATUS_VALUE = 5,
    CARILLON_STATUS_MEMORY = 6,
    CARILLON_STATUS_LIST = 7,
};

enum carillon_core_state {
    CARILLON_CORE_OFFLINE = 0,
    CARILLON_CORE_STARTING = 1,
    CARILLON_CORE_RUNNING = 2,
    CARILLON_CORE_STOPPED = 3,
    CARILLON_CORE_FAULTED = 4,
};

enum carillon_fault_kind {
    CARILLON_FAULT_NONE = 0,
    CARILLON_FAULT_UNDEFINED_INSTRUCTION = 1,
    CARILLON_FAULT_DATA_ABORT = 2,
    CARILLON_FAULT_PREFETCH_ABORT = 3,
    CARILLON_FAULT_STACK_OVERFLOW = 4,
    CARILLON_FAULT_SERROR = 5,
    CARILLON_FAULT_UNEXPECTED_INTERRUPT = 6,
    CARILLON_FAULT_ASSERT = 7,
    CARILLON_FAULT_ALIGNMENT = 8,
    CARILLON_FAULT_ARITHMETIC = 9,
    CARILLON_FAULT_ABORT = 10,
    CARILLON_FAULT_OTHER = 11,
};

enum carillon_trace_level {
    CARILLON_TRACE_ERROR = 1,
    CARILLON_TRACE_WARN = 2,
    CARILLON_TRACE_INFO = 3,
    CARILLON_TRACE_DEBUG = 4,
};

enum carillon_record_flag {
    CARILLON_RECORD_MORE = 1,
    CARILLON_RECORD_CONTINUED = 2,
    CARILLON_RECORD_CHECKSUM = 4,
};

enum carillon_ring_kind {
    CARILLON_RING_UNUSED = 0,
    CARILLON_RING_TO_CORE = 1,
    CARILLON_RING_FROM_CORE = 2,
};

enum carillon_mpsc_state {
    CARILLON_MPSC_EMPTY = 0,
    CARILLON_MPSC_CLAIMED = 1,
    CARILLON_MPSC_PUBLISHED = 2,
    CARILLON_MPSC_PADDING = 3,
};

enum carillon_stream_flag {
    CARILLON_STREAM_FREE_RUNNING = 1,
};

enum carillon_param_flag {
    CARILLON_PARAM_REQUIRED = 1,
    CARILLON_PARAM_LIST = 2,
};

enum carillon_scale {
    CARILLON_SCALE_LINEAR = 0,
    CARILLON_SCALE_LOGARITHMIC = 1,
};

// What a core checks before it trusts the rest. `magic` is written last.
struct carillon_region_header {
    uint32_t magic;
    uint32_t layout_version;
    uint32_t layout_hash;
    uint32_t session;
    uint32_t region_bytes;
    uint32_t core_count;
    uint32_t ring_count;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_region_header) == 64, "region_header");
_Static_assert(_Alignof(struct carillon_region_header) == 64, "alignment of region_header");
_Static_assert(offsetof(struct carillon_region_header, magic) == 0, "region_header.magic");
_Static_assert(offsetof(struct carillon_region_header, layout_version) == 4, "region_header.layout_version");
_Static_assert(offsetof(struct carillon_region_header, layout_hash) == 8, "region_header.layout_hash");
_Static_assert(offsetof(struct carillon_region_header, session) == 12, "region_header.session");
_Static_assert(offsetof(struct carillon_region_header, region_bytes) == 16, "region_header.region_bytes");
_Static_assert(offsetof(struct carillon_region_header, core_count) == 20, "region_header.core_count");
_Static_assert(offsetof(struct carillon_region_header, ring_count) == 24, "region_header.ring_count");

// Shows that the host is alive.
struct carillon_host_status {
    uint32_t heartbeat;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_host_status) == 64, "host_status");
_Static_assert(_Alignof(struct carillon_host_status) == 64, "alignment of host_status");
_Static_assert(offsetof(struct carillon_host_status, heartbeat) == 0, "host_status.heartbeat");

// Where a ring_control lies; its data follows it at once.
struct carillon_ring_descriptor {
    uint32_t kind;
    uint32_t core;
    uint32_t offset;
    uint32_t capacity;
};
_Static_assert(sizeof(struct carillon_ring_descriptor) == 16, "ring_descriptor");
_Static_assert(_Alignof(struct carillon_ring_descriptor) == 4, "alignment of ring_descriptor");
_Static_assert(offsetof(struct carillon_ring_descriptor, kind) == 0, "ring_descriptor.kind");
_Static_assert(offsetof(struct carillon_ring_descriptor, core) == 4, "ring_descriptor.core");
_Static_assert(offsetof(struct carillon_ring_descriptor, offset) == 8, "ring_descriptor.offset");
_Static_assert(offsetof(struct carillon_ring_descriptor, capacity) == 12, "ring_descriptor.capacity");

// Links a core: the host resets its ends of the rings, names the boot that it means, then stores a link that it has not used before. 0 unlinks.
struct carillon_core_control {
    uint32_t link;
    uint32_t boot;
    uint32_t run;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_core_control) == 64, "core_control");
_Static_assert(_Alignof(struct carillon_core_control) == 64, "alignment of core_control");
_Static_assert(offsetof(struct carillon_core_control, link) == 0, "core_control.link");
_Static_assert(offsetof(struct carillon_core_control, boot) == 4, "core_control.boot");
_Static_assert(offsetof(struct carillon_core_control, run) == 8, "core_control.run");

// How a core is. Counters run freely and wrap.
struct carillon_core_status {
    uint32_t state;
    uint32_t session;
    uint32_t boot;
    uint32_t link;
    uint32_t heartbeat;
    uint32_t uptime_us;
    uint32_t busy_us;
    uint32_t streams;
    uint32_t blocks;
    uint32_t overruns;
    uint32_t refused;
    uint32_t damaged;
    uint32_t lost;
    uint32_t stack_bytes;
    uint32_t stack_used;
    uint32_t trace_lost;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_core_status) == 64, "core_status");
_Static_assert(_Alignof(struct carillon_core_status) == 64, "alignment of core_status");
_Static_assert(offsetof(struct carillon_core_status, state) == 0, "core_status.state");
_Static_assert(offsetof(struct carillon_core_status, session) == 4, "core_status.session");
_Static_assert(offsetof(struct carillon_core_status, boot) == 8, "core_status.boot");
_Static_assert(offsetof(struct carillon_core_status, link) == 12, "core_status.link");
_Static_assert(offsetof(struct carillon_core_status, heartbeat) == 16, "core_status.heartbeat");
_Static_assert(offsetof(struct carillon_core_status, uptime_us) == 20, "core_status.uptime_us");
_Static_assert(offsetof(struct carillon_core_status, busy_us) == 24, "core_status.busy_us");
_Static_assert(offsetof(struct carillon_core_status, streams) == 28, "core_status.streams");
_Static_assert(offsetof(struct carillon_core_status, blocks) == 32, "core_status.blocks");
_Static_assert(offsetof(struct carillon_core_status, overruns) == 36, "core_status.overruns");
_Static_assert(offsetof(struct carillon_core_status, refused) == 40, "core_status.refused");
_Static_assert(offsetof(struct carillon_core_status, damaged) == 44, "core_status.damaged");
_Static_assert(offsetof(struct carillon_core_status, lost) == 48, "core_status.lost");
_Static_assert(offsetof(struct carillon_core_status, stack_bytes) == 52, "core_status.stack_bytes");
_Static_assert(offsetof(struct carillon_core_status, stack_used) == 56, "core_status.stack_used");
_Static_assert(offsetof(struct carillon_core_status, trace_lost) == 60, "core_status.trace_lost");

// A line of what a core tells of itself.
struct carillon_trace_record {
    uint64_t time_us;
    uint32_t level;
    uint32_t sequence;
    char message[112];
};
_Static_assert(sizeof(struct carillon_trace_record) == 128, "trace_record");
_Static_assert(_Alignof(struct carillon_trace_record) == 8, "alignment of trace_record");
_Static_assert(offsetof(struct carillon_trace_record, time_us) == 0, "trace_record.time_us");
_Static_assert(offsetof(struct carillon_trace_record, level) == 8, "trace_record.level");
_Static_assert(offsetof(struct carillon_trace_record, sequence) == 12, "trace_record.sequence");
_Static_assert(offsetof(struct carillon_trace_record, message) == 16, "trace_record.message");

// The core's end of its trace.
struct carillon_trace_producer {
    uint32_t tail;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_trace_producer) == 64, "trace_producer");
_Static_assert(_Alignof(struct carillon_trace_producer) == 64, "alignment of trace_producer");
_Static_assert(offsetof(struct carillon_trace_producer, tail) == 0, "trace_producer.tail");

// The host's end of a trace.
struct carillon_trace_consumer {
    uint32_t head;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_trace_consumer) == 64, "trace_consumer");
_Static_assert(_Alignof(struct carillon_trace_consumer) == 64, "alignment of trace_consumer");
_Static_assert(offsetof(struct carillon_trace_consumer, head) == 0, "trace_consumer.head");

// What a core tells of itself. The core never waits for room: it counts what has none.
struct carillon_trace_ring {
    struct carillon_trace_producer producer;
    struct carillon_trace_consumer consumer;
    struct carillon_trace_record records[32];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_trace_ring) == 4224, "trace_ring");
_Static_assert(_Alignof(struct carillon_trace_ring) == 64, "alignment of trace_ring");
_Static_assert(offsetof(struct carillon_trace_ring, producer) == 0, "trace_ring.producer");
_Static_assert(offsetof(struct carillon_trace_ring, consumer) == 64, "trace_ring.consumer");
_Static_assert(offsetof(struct carillon_trace_ring, records) == 128, "trace_ring.records");

// What ended a core. `begun` is counted up first and `whole` made equal to it last, then the status says FAULTED: where the two differ, the core faulted again while it wrote.
struct carillon_fault_record {
    uint32_t begun;
    uint32_t whole;
    uint32_t boot;
    uint32_t kind;
    uint32_t machine;
    uint32_t line;
    uint32_t register_count;
    uint32_t line_count;
    uint64_t time_us;
    uint64_t load_bias;
    uint64_t esr;
    uint64_t far;
    uint64_t elr;
    uint64_t caller;
    uint64_t sp;
    uint64_t spsr;
    uint64_t registers[31];
    char file[64];
    char message[112];
    struct carillon_trace_record lines[4];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_fault_record) == 1088, "fault_record");
_Static_assert(_Alignof(struct carillon_fault_record) == 64, "alignment of fault_record");
_Static_assert(offsetof(struct carillon_fault_record, begun) == 0, "fault_record.begun");
_Static_assert(offsetof(struct carillon_fault_record, whole) == 4, "fault_record.whole");
_Static_assert(offsetof(struct carillon_fault_record, boot) == 8, "fault_record.boot");
_Static_assert(offsetof(struct carillon_fault_record, kind) == 12, "fault_record.kind");
_Static_assert(offsetof(struct carillon_fault_record, machine) == 16, "fault_record.machine");
_Static_assert(offsetof(struct carillon_fault_record, line) == 20, "fault_record.line");
_Static_assert(offsetof(struct carillon_fault_record, register_count) == 24, "fault_record.register_count");
_Static_assert(offsetof(struct carillon_fault_record, line_count) == 28, "fault_record.line_count");
_Static_assert(offsetof(struct carillon_fault_record, time_us) == 32, "fault_record.time_us");
_Static_assert(offsetof(struct carillon_fault_record, load_bias) == 40, "fault_record.load_bias");
_Static_assert(offsetof(struct carillon_fault_record, esr) == 48, "fault_record.esr");
_Static_assert(offsetof(struct carillon_fault_record, far) == 56, "fault_record.far");
_Static_assert(offsetof(struct carillon_fault_record, elr) == 64, "fault_record.elr");
_Static_assert(offsetof(struct carillon_fault_record, caller) == 72, "fault_record.caller");
_Static_assert(offsetof(struct carillon_fault_record, sp) == 80, "fault_record.sp");
_Static_assert(offsetof(struct carillon_fault_record, spsr) == 88, "fault_record.spsr");
_Static_assert(offsetof(struct carillon_fault_record, registers) == 96, "fault_record.registers");
_Static_assert(offsetof(struct carillon_fault_record, file) == 344, "fault_record.file");
_Static_assert(offsetof(struct carillon_fault_record, message) == 408, "fault_record.message");
_Static_assert(offsetof(struct carillon_fault_record, lines) == 520, "fault_record.lines");

// The producer's end of a ring.
struct carillon_ring_producer {
    uint32_t tail;
    uint32_t waiting;
    uint32_t records;
    uint32_t full;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_ring_producer) == 64, "ring_producer");
_Static_assert(_Alignof(struct carillon_ring_producer) == 64, "alignment of ring_producer");
_Static_assert(offsetof(struct carillon_ring_producer, tail) == 0, "ring_producer.tail");
_Static_assert(offsetof(struct carillon_ring_producer, waiting) == 4, "ring_producer.waiting");
_Static_assert(offsetof(struct carillon_ring_producer, records) == 8, "ring_producer.records");
_Static_assert(offsetof(struct carillon_ring_producer, full) == 12, "ring_producer.full");

// The consumer's end of a ring.
struct carillon_ring_consumer {
    uint32_t head;
    uint32_t waiting;
    uint32_t records;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_ring_consumer) == 64, "ring_consumer");
_Static_assert(_Alignof(struct carillon_ring_consumer) == 64, "alignment of ring_consumer");
_Static_assert(offsetof(struct carillon_ring_consumer, head) == 0, "ring_consumer.head");
_Static_assert(offsetof(struct carillon_ring_consumer, waiting) == 4, "ring_consumer.waiting");
_Static_assert(offsetof(struct carillon_ring_consumer, records) == 8, "ring_consumer.records");

// A single-producer single-consumer ring. Each end has cache lines of its own.
struct carillon_ring_control {
    struct carillon_ring_producer producer;
    struct carillon_ring_consumer consumer;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_ring_control) == 128, "ring_control");
_Static_assert(_Alignof(struct carillon_ring_control) == 64, "alignment of ring_control");
_Static_assert(offsetof(struct carillon_ring_control, producer) == 0, "ring_control.producer");
_Static_assert(offsetof(struct carillon_ring_control, consumer) == 64, "ring_control.consumer");

// Precedes each record in a ring. Records start on multiples of its size.
struct carillon_record_header {
    uint32_t length;
    uint16_t type;
    uint16_t flags;
    uint32_t stream;
    uint32_t sequence;
};
_Static_assert(sizeof(struct carillon_record_header) == 16, "record_header");
_Static_assert(_Alignof(struct carillon_record_header) == 4, "alignment of record_header");
_Static_assert(offsetof(struct carillon_record_header, length) == 0, "record_header.length");
_Static_assert(offsetof(struct carillon_record_header, type) == 4, "record_header.type");
_Static_assert(offsetof(struct carillon_record_header, flags) == 6, "record_header.flags");
_Static_assert(offsetof(struct carillon_record_header, stream) == 8, "record_header.stream");
_Static_assert(offsetof(struct carillon_record_header, sequence) == 12, "record_header.sequence");

// What an end checks before it trusts the rest. `magic` is written last.
struct carillon_mpsc_header {
    uint32_t magic;
    uint32_t capacity;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_mpsc_header) == 64, "mpsc_header");
_Static_assert(_Alignof(struct carillon_mpsc_header) == 64, "alignment of mpsc_header");
_Static_assert(offsetof(struct carillon_mpsc_header, magic) == 0, "mpsc_header.magic");
_Static_assert(offsetof(struct carillon_mpsc_header, capacity) == 4, "mpsc_header.capacity");

// Where the producers reserve.
struct carillon_mpsc_producer {
    uint32_t tail;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_mpsc_producer) == 64, "mpsc_producer");
_Static_assert(_Alignof(struct carillon_mpsc_producer) == 64, "alignment of mpsc_producer");
_Static_assert(offsetof(struct carillon_mpsc_producer, tail) == 0, "mpsc_producer.tail");

// What befell the producers, all together.
struct carillon_mpsc_counters {
    uint32_t full;
    uint32_t overtaken;
    uint32_t refused;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_mpsc_counters) == 64, "mpsc_counters");
_Static_assert(_Alignof(struct carillon_mpsc_counters) == 64, "alignment of mpsc_counters");
_Static_assert(offsetof(struct carillon_mpsc_counters, full) == 0, "mpsc_counters.full");
_Static_assert(offsetof(struct carillon_mpsc_counters, overtaken) == 4, "mpsc_counters.overtaken");
_Static_assert(offsetof(struct carillon_mpsc_counters, refused) == 8, "mpsc_counters.refused");

// The consumer's end.
struct carillon_mpsc_consumer {
    uint32_t head;
    uint32_t waiting;
    uint32_t sleeps;
    uint32_t heartbeat;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_mpsc_consumer) == 64, "mpsc_consumer");
_Static_assert(_Alignof(struct carillon_mpsc_consumer) == 64, "alignment of mpsc_consumer");
_Static_assert(offsetof(struct carillon_mpsc_consumer, head) == 0, "mpsc_consumer.head");
_Static_assert(offsetof(struct carillon_mpsc_consumer, waiting) == 4, "mpsc_consumer.waiting");
_Static_assert(offsetof(struct carillon_mpsc_consumer, sleeps) == 8, "mpsc_consumer.sleeps");
_Static_assert(offsetof(struct carillon_mpsc_consumer, heartbeat) == 12, "mpsc_consumer.heartbeat");

// A ring of many producers and one consumer, in coherent memory. A mark (u32) for each slot follows it, then the data.
struct carillon_mpsc_control {
    struct carillon_mpsc_header header;
    struct carillon_mpsc_producer producers;
    struct carillon_mpsc_counters counters;
    struct carillon_mpsc_consumer consumer;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_mpsc_control) == 256, "mpsc_control");
_Static_assert(_Alignof(struct carillon_mpsc_control) == 64, "alignment of mpsc_control");
_Static_assert(offsetof(struct carillon_mpsc_control, header) == 0, "mpsc_control.header");
_Static_assert(offsetof(struct carillon_mpsc_control, producers) == 64, "mpsc_control.producers");
_Static_assert(offsetof(struct carillon_mpsc_control, counters) == 128, "mpsc_control.counters");
_Static_assert(offsetof(struct carillon_mpsc_control, consumer) == 192, "mpsc_control.consumer");

// Precedes each record in an MPSC ring, and starts a slot.
struct carillon_mpsc_record_header {
    uint32_t length;
    uint32_t type;
    uint32_t reserved[2];
};
_Static_assert(sizeof(struct carillon_mpsc_record_header) == 16, "mpsc_record_header");
_Static_assert(_Alignof(struct carillon_mpsc_record_header) == 4, "alignment of mpsc_record_header");
_Static_assert(offsetof(struct carillon_mpsc_record_header, length) == 0, "mpsc_record_header.length");
_Static_assert(offsetof(struct carillon_mpsc_record_header, type) == 4, "mpsc_record_header.type");
_Static_assert(offsetof(struct carillon_mpsc_record_header, reserved) == 8, "mpsc_record_header.reserved");

// The start of a shared region.
struct carillon_shared_mem {
    struct carillon_region_header header;
    struct carillon_host_status host_status;
    struct carillon_ring_descriptor rings[16];
    struct carillon_core_control control[4];
    struct carillon_core_status status[4];
    struct carillon_trace_ring traces[4];
    struct carillon_fault_record faults[4];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct carillon_shared_mem) == 22144, "shared_mem");
_Static_assert(_Alignof(struct carillon_shared_mem) == 64, "alignment of shared_mem");
_Static_assert(offsetof(struct carillon_shared_mem, header) == 0, "shared_mem.header");
_Static_assert(offsetof(struct carillon_shared_mem, host_status) == 64, "shared_mem.host_status");
_Static_assert(offsetof(struct carillon_shared_mem, rings) == 128, "shared_mem.rings");
_Static_assert(offsetof(struct carillon_shared_mem, control) == 384, "shared_mem.control");
_Static_assert(offsetof(struct carillon_shared_mem, status) == 640, "shared_mem.status");
_Static_assert(offsetof(struct carillon_shared_mem, traces) == 896, "shared_mem.traces");
_Static_assert(offsetof(struct carillon_shared_mem, faults) == 17792, "shared_mem.faults");

// Payload of OPEN.
struct carillon_open_stream {
    uint32_t sample_rate_hz;
    uint32_t channels;
    uint32_t effect_count;
    uint32_t flags;
    uint32_t block_frames;
    uint32_t reserved;
};
_Static_assert(sizeof(struct carillon_open_stream) == 24, "open_stream");
_Static_assert(_Alignof(struct carillon_open_stream) == 4, "alignment of open_stream");
_Static_assert(offsetof(struct carillon_open_stream, sample_rate_hz) == 0, "open_stream.sample_rate_hz");
_Static_assert(offsetof(struct carillon_open_stream, channels) == 4, "open_stream.channels");
_Static_assert(offsetof(struct carillon_open_stream, effect_count) == 8, "open_stream.effect_count");
_Static_assert(offsetof(struct carillon_open_stream, flags) == 12, "open_stream.flags");
_Static_assert(offsetof(struct carillon_open_stream, block_frames) == 16, "open_stream.block_frames");
_Static_assert(offsetof(struct carillon_open_stream, reserved) == 20, "open_stream.reserved");

// Payload of EFFECT; its values follow as f64.
struct carillon_effect_config {
    uint32_t position;
    uint32_t effect;
    uint32_t value_count;
    uint32_t reserved;
};
_Static_assert(sizeof(struct carillon_effect_config) == 16, "effect_config");
_Static_assert(_Alignof(struct carillon_effect_config) == 4, "alignment of effect_config");
_Static_assert(offsetof(struct carillon_effect_config, position) == 0, "effect_config.position");
_Static_assert(offsetof(struct carillon_effect_config, effect) == 4, "effect_config.effect");
_Static_assert(offsetof(struct carillon_effect_config, value_count) == 8, "effect_config.value_count");
_Static_assert(offsetof(struct carillon_effect_config, reserved) == 12, "effect_config.reserved");

// Payload of LIST; its values follow as f64.
struct carillon_list_values {
    uint32_t position;
    uint32_t param;
    uint32_t first;
    uint32_t count;
};
_Static_assert(sizeof(struct carillon_list_values) == 16, "list_values");
_Static_assert(_Alignof(struct carillon_list_values) == 4, "alignment of list_values");
_Static_assert(offsetof(struct carillon_list_values, position) == 0, "list_values.position");
_Static_assert(offsetof(struct carillon_list_values, param) == 4, "list_values.param");
_Static_assert(offsetof(struct carillon_list_values, first) == 8, "list_values.first");
_Static_assert(offsetof(struct carillon_list_values, count) == 12, "list_values.count");

// Payload of FAILED.
struct carillon_failure {
    uint32_t status;
    uint32_t position;
    uint32_t param;
    uint32_t reserved;
};
_Static_assert(sizeof(struct carillon_failure) == 16, "failure");
_Static_assert(_Alignof(struct carillon_failure) == 4, "alignment of failure");
_Static_assert(offsetof(struct carillon_failure, status) == 0, "failure.status");
_Static_assert(offsetof(struct carillon_failure, position) == 4, "failure.position");
_Static_assert(offsetof(struct carillon_failure, param) == 8, "failure.param");
_Static_assert(offsetof(struct carillon_failure, reserved) == 12, "failure.reserved");

// A parameter of an effect, as the firmware describes it.
struct carillon_param_info {
    char name[16];
    char unit[8];
    double min;
    double max;
    double rate_min;
    double rate_max;
    double def;
    uint32_t flags;
    uint32_t scale;
};
_Static_assert(sizeof(struct carillon_param_info) == 72, "param_info");
_Static_assert(_Alignof(struct carillon_param_info) == 8, "alignment of param_info");
_Static_assert(offsetof(struct carillon_param_info, name) == 0, "param_info.name");
_Static_assert(offsetof(struct carillon_param_info, unit) == 16, "param_info.unit");
_Static_assert(offsetof(struct carillon_param_info, min) == 24, "param_info.min");
_Static_assert(offsetof(struct carillon_param_info, max) == 32, "param_info.max");
_Static_assert(offsetof(struct carillon_param_info, rate_min) == 40, "param_info.rate_min");
_Static_assert(offsetof(struct carillon_param_info, rate_max) == 48, "param_info.rate_max");
_Static_assert(offsetof(struct carillon_param_info, def) == 56, "param_info.def");
_Static_assert(offsetof(struct carillon_param_info, flags) == 64, "param_info.flags");
_Static_assert(offsetof(struct carillon_param_info, scale) == 68, "param_info.scale");

// An effect, as the firmware describes it. Payload of EFFECT_INFO.
struct carillon_effect_info {
    char name[16];
    char summary[112];
    uint32_t param_count;
    uint32_t reserved;
    struct carillon_param_info params[8];
};
_Static_assert(sizeof(struct carillon_effect_info) == 712, "effect_info");
_Static_assert(_Alignof(struct carillon_effect_info) == 8, "alignment of effect_info");
_Static_assert(offsetof(struct carillon_effect_info, name) == 0, "effect_info.name");
_Static_assert(offsetof(struct carillon_effect_info, summary) == 16, "effect_info.summary");
_Static_assert(offsetof(struct carillon_effect_info, param_count) == 128, "effect_info.param_count");
_Static_assert(offsetof(struct carillon_effect_info, reserved) == 132, "effect_info.reserved");
_Static_assert(offsetof(struct carillon_effect_info, params) == 136, "effect_info.params");

// Begins the firmware's table of its layout; the rows follow it.
struct carillon_layout_table_header {
    uint32_t magic;
    uint32_t version;
    uint32_t layout_version;
    uint32_t layout_hash;
    uint32_t row_bytes;
    uint32_t row_count;
};
_Static_assert(sizeof(struct carillon_layout_table_header) == 24, "layout_table_header");
_Static_assert(_Alignof(struct carillon_layout_table_header) == 4, "alignment of layout_table_header");
_Static_assert(offsetof(struct carillon_layout_table_header, magic) == 0, "layout_table_header.magic");
_Static_assert(offsetof(struct carillon_layout_table_header, version) == 4, "layout_table_header.version");
_Static_assert(offsetof(struct carillon_layout_table_header, layout_version) == 8, "layout_table_header.layout_version");
_Static_assert(offsetof(struct carillon_layout_table_header, layout_hash) == 12, "layout_table_header.layout_hash");
_Static_assert(offsetof(struct carillon_layout_table_header, row_bytes) == 16, "layout_table_header.row_bytes");
_Static_assert(offsetof(struct carillon_layout_table_header, row_count) == 20, "layout_table_header.row_count");

// A struct, or a field of one, in the table of the layout.
struct carillon_layout_table_row {
    char struct_name[32];
    char field_name[32];
    uint32_t offset;
    uint32_t bytes;
};
_Static_assert(sizeof(struct carillon_layout_table_row) == 72, "layout_table_row");
_Static_assert(_Alignof(struct carillon_layout_table_row) == 4, "alignment of layout_table_row");
_Static_assert(offsetof(struct carillon_layout_table_row, struct_name) == 0, "layout_table_row.struct_name");
_Static_assert(offsetof(struct carillon_layout_table_row, field_name) == 32, "layout_table_row.field_name");
_Static_assert(offsetof(struct carillon_layout_table_row, offset) == 64, "layout_table_row.offset");
_Static_assert(offsetof(struct carillon_layout_table_row, bytes) == 68, "layout_table_row.bytes");

// The note of a firmware, in its section.
struct carillon_firmware_note {
    uint32_t owner_bytes;
    uint32_t content_bytes;
    uint32_t type;
    char owner[12];
    uint32_t interface_version;
    char port[16];
    char version[32];
};
_Static_assert(sizeof(struct carillon_firmware_note) == 76, "firmware_note");
_Static_assert(_Alignof(struct carillon_firmware_note) == 4, "alignment of firmware_note");
_Static_assert(offsetof(struct carillon_firmware_note, owner_bytes) == 0, "firmware_note.owner_bytes");
_Static_assert(offsetof(struct carillon_firmware_note, content_bytes) == 4, "firmware_note.content_bytes");
_Static_assert(offsetof(struct carillon_firmware_note, type) == 8, "firmware_note.type");
_Static_assert(offsetof(struct carillon_firmware_note, owner) == 12, "firmware_note.owner");
_Static_assert(offsetof(struct carillon_firmware_note, interface_version) == 24, "firmware_note.interface_version");
_Static_assert(offsetof(struct carillon_firmware_note, port) == 28, "firmware_note.port");
_Static_assert(offsetof(struct carillon_firmware_note, version) == 44, "firmware_note.version");

// Every struct of the layout, each followed by its fields.
#define CARILLON_LAYOUT_ROWS(STRUCT, FIELD) \
    STRUCT(region_header) \
    FIELD(region_header, magic) \
    FIELD(region_header, layout_version) \
    FIELD(region_header, layout_hash) \
    FIELD(region_header, session) \
    FIELD(region_header, region_bytes) \
    FIELD(region_header, core_count) \
    FIELD(region_header, ring_count) \
    STRUCT(host_status) \
    FIELD(host_status, heartbeat) \
    STRUCT(ring_descriptor) \
    FIELD(ring_descriptor, kind) \
    FIELD(ring_descriptor, core) \
    FIELD(ring_descriptor, offset) \
    FIELD(ring_descriptor, capacity) \
    STRUCT(core_control) \
    FIELD(core_control, link) \
    FIELD(core_control, boot) \
    FIELD(core_control, run) \
    STRUCT(core_status) \
    FIELD(core_status, state) \
    FIELD(core_status, session) \
    FIELD(core_status, boot) \
    FIELD(core_status, link) \
    FIELD(core_status, heartbeat) \
    FIELD(core_status, uptime_us) \
    FIELD(core_status, busy_us) \
    FIELD(core_status, streams) \
    FIELD(core_status, blocks) \
    FIELD(core_status, overruns) \
    FIELD(core_status, refused) \
    FIELD(core_status, damaged) \
    FIELD(core_status, lost) \
    FIELD(core_status, stack_bytes) \
    FIELD(core_status, stack_used) \
    FIELD(core_status, trace_lost) \
    STRUCT(trace_record) \
    FIELD(trace_record, time_us) \
    FIELD(trace_record, level) \
    FIELD(trace_record, sequence) \
    FIELD(trace_record, message) \
    STRUCT(trace_producer) \
    FIELD(trace_producer, tail) \
    STRUCT(trace_consumer) \
    FIELD(trace_consumer, head) \
    STRUCT(trace_ring) \
    FIELD(trace_ring, producer) \
    FIELD(trace_ring, consumer) \
    FIELD(trace_ring, records) \
    STRUCT(fault_record) \
    FIELD(fault_record, begun) \
    FIELD(fault_record, whole) \
    FIELD(fault_record, boot) \
    FIELD(fault_record, kind) \
    FIELD(fault_record, machine) \
    FIELD(fault_record, line) \
    FIELD(fault_record, register_count) \
    FIELD(fault_record, line_count) \
    FIELD(fault_record, time_us) \
    FIELD(fault_record, load_bias) \
    FIELD(fault_record, esr) \
    FIELD(fault_record, far) \
    FIELD(fault_record, elr) \
    FIELD(fault_record, caller) \
    FIELD(fault_record, sp) \
    FIELD(fault_record, spsr) \
    FIELD(fault_record, registers) \
    FIELD(fault_record, file) \
    FIELD(fault_record, message) \
    FIELD(fault_record, lines) \
    STRUCT(ring_producer) \
    FIELD(ring_producer, tail) \
    FIELD(ring_producer, waiting) \
    FIELD(ring_producer, records) \
    FIELD(ring_producer, full) \
    STRUCT(ring_consumer) \
    FIELD(ring_consumer, head) \
    FIELD(ring_consumer, waiting) \
    FIELD(ring_consumer, records) \
    STRUCT(ring_control) \
    FIELD(ring_control, producer) \
    FIELD(ring_control, consumer) \
    STRUCT(record_header) \
    FIELD(record_header, length) \
    FIELD(record_header, type) \
    FIELD(record_header, flags) \
    FIELD(record_header, stream) \
    FIELD(record_header, sequence) \
    STRUCT(mpsc_header) \
    FIELD(mpsc_header, magic) \
    FIELD(mpsc_header, capacity) \
    STRUCT(mpsc_producer) \
    FIELD(mpsc_producer, tail) \
    STRUCT(mpsc_counters) \
    FIELD(mpsc_counters, full) \
    FIELD(mpsc_counters, overtaken) \
    FIELD(mpsc_counters, refused) \
    STRUCT(mpsc_consumer) \
    FIELD(mpsc_consumer, head) \
    FIELD(mpsc_consumer, waiting) \
    FIELD(mpsc_consumer, sleeps) \
    FIELD(mpsc_consumer, heartbeat) \
    STRUCT(mpsc_control) \
    FIELD(mpsc_control, header) \
    FIELD(mpsc_control, producers) \
    FIELD(mpsc_control, counters) \
    FIELD(mpsc_control, consumer) \
    STRUCT(mpsc_record_header) \
    FIELD(mpsc_record_header, length) \
    FIELD(mpsc_record_header, type) \
    FIELD(mpsc_record_header, reserved) \
    STRUCT(shared_mem) \
    FIELD(shared_mem, header) \
    FIELD(shared_mem, host_status) \
    FIELD(shared_mem, rings) \
    FIELD(shared_mem, control) \
    FIELD(shared_mem, status) \
    FIELD(shared_mem, traces) \
    FIELD(shared_mem, faults) \
    STRUCT(open_stream) \
    FIELD(open_stream, sample_rate_hz) \
    FIELD(open_stream, channels) \
    FIELD(open_stream, effect_count) \
    FIELD(open_stream, flags) \
    FIELD(open_stream, block_frames) \
    FIELD(open_stream, reserved) \
    STRUCT(effect_config) \
    FIELD(effect_config, position) \
    FIELD(effect_config, effect) \
    FIELD(effect_config, value_count) \
    FIELD(effect_config, reserved) \
    STRUCT(list_values) \
    FIELD(list_values, position) \
    FIELD(list_values, param) \
    FIELD(list_values, first) \
    FIELD(list_values, count) \
    STRUCT(failure) \
    FIELD(failure, status) \
    FIELD(failure, position) \
    FIELD(failure, param) \
    FIELD(failure, reserved) \
    STRUCT(param_info) \
    FIELD(param_info, name) \
    FIELD(param_info, unit) \
    FIELD(param_info, min) \
    FIELD(param_info, max) \
    FIELD(param_info, rate_min) \
    FIELD(param_info, rate_max) \
    FIELD(param_info, def) \
    FIELD(param_info, flags) \
    FIELD(param_info, scale) \
    STRUCT(effect_info) \
    FIELD(effect_info, name) \
    FIELD(effect_info, summary) \
    FIELD(effect_info, param_count) \
    FIELD(effect_info, reserved) \
    FIELD(effect_info, params)

#endif
