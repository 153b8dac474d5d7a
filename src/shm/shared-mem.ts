/**
 * The layout of the memory that the host shares with its cores. This file is its one declaration:
 * the views of the host come from it, and `firmware/include/carillon/shared_mem.h` is generated
 * from it.
 *
 * A region is one {@link SharedMem}, then the rings that its descriptors name.
 */
import { array, CACHE_LINE_BYTES, f64, layoutHash, struct, text, u16, u32, u64 } from './layout.ts'

/** The first word of a region: the bytes `CRLN`. */
export const REGION_MAGIC = 0x4e4c5243

/** Raised when the meaning of the layout changes; its shape is covered by {@link LAYOUT_HASH}. */
export const LAYOUT_VERSION = 1

/**
 * The limits that both sides keep, with the reason for each. They are part of the generated header.
 */
export const LIMITS = {
  /** The four cores of a Cortex-A53 cluster. */
  CORES_MAX: 4,
  /** A pair for each core, and as many again for what a core may get later. */
  RINGS_MAX: 16,
  /** The largest record is a quarter of its ring: with less it would be under a page. */
  RING_CAPACITY_MIN: 16 * 1024,
  /** Positions are 32 bits and run freely; a ring of 2^30 leaves room to tell full from damaged. */
  RING_CAPACITY_MAX: 1024 * 1024 * 1024,
  /** A message in several records: as much as the largest ring. */
  MESSAGE_BYTES_MAX: 1024 * 1024 * 1024,
  /** 7.1 surround sound. */
  CHANNELS_MAX: 8,
  /** What sensors deliver at the slow end. */
  SAMPLE_RATE_HZ_MIN: 1,
  /** The fastest rate that audio converters offer (16 times 48 kHz). */
  SAMPLE_RATE_HZ_MAX: 768_000,
  /** More than 100 clients at once, and an index of seven bits. */
  STREAMS_MAX: 128,
  /** A ten-band equaliser with a gain, a filter before and after, and some left. */
  EFFECTS_MAX: 16,
  /** The most that an effect needs, twice. */
  PARAMS_MAX: 8,
  /** A third of a second at 48 kHz. What is longer wants a convolution by Fourier transform. */
  LIST_VALUES_MAX: 16_384,
  /** A power of two. The host looks ten times a second, and a core that says more says too much. */
  TRACE_RECORDS: 32,
  /** Trace lines that a fault record repeats: what led to it. */
  FAULT_LINES: 4,
  /** x0 to x30 of AArch64; no other machine of the project has more. */
  FAULT_REGISTERS: 31,
} as const

/** What lies in a ring's records, host to core. */
export const COMMAND = {
  /** Fills the end of the ring where a record would not fit in one piece. */
  PADDING: 0,
  /** `open_stream`: takes a stream's slot. Effects follow. */
  OPEN: 1,
  /** `effect_config`, then its values as f64: appends an effect to the stream's chain. */
  EFFECT: 2,
  /** `list_values`, then values as f64: a piece of an effect's list. */
  LIST: 3,
  /** The chain is whole. Answered by STARTED or FAILED. */
  START: 4,
  /** Interleaved f32. Answered by SAMPLES of the same sequence and length. */
  SAMPLES: 5,
  /** Frees the slot. Answered by CLOSED. */
  CLOSE: 6,
  /** Answered by one EFFECT_INFO for each effect, then DESCRIBED. */
  DESCRIBE: 7,
  /** The core closes everything and stops (a process ends, a core parks). */
  STOP: 8,
} as const

/** What lies in a ring's records, core to host. */
export const EVENT = {
  PADDING: 0,
  STARTED: 1,
  /** `failure`: the stream could not be opened; its slot is free again. */
  FAILED: 2,
  SAMPLES: 3,
  CLOSED: 4,
  /** `effect_info`; `sequence` is the effect's index. */
  EFFECT_INFO: 5,
  DESCRIBED: 6,
} as const

/** What a core answers where something cannot be done. */
export const STATUS = {
  OK: 0,
  /** A record is too short, too long or of an unknown type. */
  MALFORMED: 1,
  /** The stream's slot is beyond STREAMS_MAX or taken, or is not open. */
  STREAM: 2,
  /** The sample rate, channels or block length are out of range, or the block fits no record. */
  FORMAT: 3,
  /** The effect's index is unknown, or the chain is full. */
  EFFECT: 4,
  /** A value is out of the parameter's range, or not a number. */
  VALUE: 5,
  /** The core has no memory left for the effect. */
  MEMORY: 6,
  /** A list is not complete at START, or a piece does not lie in it. */
  LIST: 7,
} as const

/** How a core is, in `core_status.state`. */
export const CORE_STATE = {
  /** As the host makes the region: no core has come yet. */
  OFFLINE: 0,
  /** Booted; waits to be linked. */
  STARTING: 1,
  RUNNING: 2,
  /** Ended on command. */
  STOPPED: 3,
  /** Ended by a fault, and parked; `fault_record` says by which. */
  FAULTED: 4,
} as const

/** What ended a core, in `fault_record.kind`. */
export const FAULT_KIND = {
  NONE: 0,
  UNDEFINED_INSTRUCTION: 1,
  DATA_ABORT: 2,
  PREFETCH_ABORT: 3,
  /** A data abort in the page below the stack. */
  STACK_OVERFLOW: 4,
  SERROR: 5,
  /** One that nobody handles. */
  UNEXPECTED_INTERRUPT: 6,
  /** The firmware found one of its own assumptions to be wrong. */
  ASSERT: 7,
  /** Of the program counter, the stack pointer or of data. */
  ALIGNMENT: 8,
  /** A division by zero where the machine has such a fault. */
  ARITHMETIC: 9,
  /** The firmware gave itself up: an operating system's `abort`. */
  ABORT: 10,
  /** Another exception: `esr` says which. */
  OTHER: 11,
} as const

/** How much a line of a core's trace matters. */
export const TRACE_LEVEL = { ERROR: 1, WARN: 2, INFO: 3, DEBUG: 4 } as const

/** In a record's `flags`. */
export const RECORD_FLAG = {
  /** The next record goes on with the same message. */
  MORE: 1,
  /** Goes on with the message of the record before. */
  CONTINUED: 2,
  /**
   * The last four bytes of the payload are a checksum, little-endian: CRC-32 (IEEE 802.3, as zlib has
   * it) of the header and of the payload before it.
   */
  CHECKSUM: 4,
} as const

export const RING_KIND = { UNUSED: 0, TO_CORE: 1, FROM_CORE: 2 } as const

/** The first word of a ring for many producers: the bytes `CMPS`. */
export const MPSC_MAGIC = 0x53504d43

/**
 * Records of a ring for many producers start on multiples of this and fill whole ones: a cache line,
 * so that producers who write side by side do not share one.
 */
export const MPSC_SLOT_BYTES = CACHE_LINE_BYTES

/** What has become of a slot or record of a ring for many producers. */
export const MPSC_STATE = {
  /** Free, or reserved by a producer that has not marked it yet. */
  EMPTY: 0,
  /** A producer writes it. */
  CLAIMED: 1,
  /** For the consumer to read. */
  PUBLISHED: 2,
  /** For the consumer to pass over: the end of the ring, an aborted claim or a dead producer's. */
  PADDING: 3,
} as const

export const STREAM_FLAG = {
  /** The core makes the blocks by its own clock; the chain's first effect is a source. */
  FREE_RUNNING: 1,
} as const

export const SCALE = { LINEAR: 0, LOGARITHMIC: 1 } as const

export const PARAM_FLAG = { REQUIRED: 1, LIST: 2 } as const

export const RegionHeader = struct(
  'region_header',
  {
    writer: 'host',
    cacheAligned: true,
    summary: 'What a core checks before it trusts the rest. `magic` is written last.',
  },
  {
    magic: u32,
    layoutVersion: u32,
    layoutHash: u32,
    /** Not 0; new whenever the host makes the region anew. */
    session: u32,
    regionBytes: u32,
    coreCount: u32,
    ringCount: u32,
  },
)

export const HostStatus = struct(
  'host_status',
  { writer: 'host', cacheAligned: true, summary: 'Shows that the host is alive.' },
  { heartbeat: u32 },
)

export const RingDescriptor = struct(
  'ring_descriptor',
  { writer: 'host', summary: 'Where a ring_control lies; its data follows it at once.' },
  {
    /** One of RING_KIND. */
    kind: u32,
    core: u32,
    /** Bytes from the start of the region; a multiple of a cache line. */
    offset: u32,
    /** Bytes of data; a power of two. */
    capacity: u32,
  },
)

export const CoreControl = struct(
  'core_control',
  {
    writer: 'host',
    cacheAligned: true,
    summary:
      'Links a core: the host resets its ends of the rings, names the boot that it means, then stores a link that it has not used before. 0 unlinks.',
  },
  {
    link: u32,
    boot: u32,
    /**
     * Where several cores share a machine, so that none can be ended from outside: a number that the
     * host changes and rings for. The core begins anew where it is odd and parks where it is even,
     * whatever it was at. 0 asks for nothing.
     */
    run: u32,
  },
)

export const CoreStatus = struct(
  'core_status',
  {
    writer: 'core',
    cacheAligned: true,
    summary: 'How a core is. Counters run freely and wrap.',
  },
  {
    /** One of CORE_STATE. */
    state: u32,
    /** The session that the core is attached to; 0 before. */
    session: u32,
    /** Counts the starts of the firmware. */
    boot: u32,
    /** The link whose rings the core uses, its own ends reset; 0 where it uses none. */
    link: u32,
    heartbeat: u32,
    /** Microseconds that the core has run, and of those, worked. */
    uptimeUs: u32,
    busyUs: u32,
    /** Open streams. */
    streams: u32,
    /** Blocks of samples processed. */
    blocks: u32,
    /** Blocks of free-running streams that found the ring full, or were given up as too late. */
    overruns: u32,
    /** Commands that were refused: of an unknown type, malformed, or for a stream that is not open. */
    refused: u32,
    /** Times that the ring to this core was found damaged. */
    damaged: u32,
    /** Records that were in this core's rings, unread, when they went out of use. */
    lost: u32,
    /** How large the core's stack is, in bytes, and the most of it that was ever in use: 0 where that is not known. */
    stackBytes: u32,
    stackUsed: u32,
    /** Trace lines that found no room. */
    traceLost: u32,
  },
)

export const TraceRecord = struct(
  'trace_record',
  { writer: 'core', summary: 'A line of what a core tells of itself.' },
  {
    /** By the core's clock: microseconds since some fixed moment. */
    timeUs: u64,
    /** One of TRACE_LEVEL. */
    level: u32,
    /** Counts the lines of this start of the core, those without room included. */
    sequence: u32,
    message: text(112),
  },
)

export const TraceProducerLine = struct(
  'trace_producer',
  { writer: 'core', cacheAligned: true, summary: "The core's end of its trace." },
  {
    /** Lines ever written; the next one goes to this modulo TRACE_RECORDS. */
    tail: u32,
  },
)

export const TraceConsumerLine = struct(
  'trace_consumer',
  { writer: 'host', cacheAligned: true, summary: "The host's end of a trace." },
  {
    /** Lines ever read. */
    head: u32,
  },
)

export const TraceRing = struct(
  'trace_ring',
  {
    writer: 'core',
    cacheAligned: true,
    summary: 'What a core tells of itself. The core never waits for room: it counts what has none.',
  },
  {
    producer: TraceProducerLine,
    consumer: TraceConsumerLine,
    records: array(TraceRecord, LIMITS.TRACE_RECORDS),
  },
)

export const FaultRecord = struct(
  'fault_record',
  {
    writer: 'core',
    cacheAligned: true,
    summary:
      'What ended a core. `begun` is counted up first and `whole` made equal to it last, then the status says FAULTED: where the two differ, the core faulted again while it wrote.',
  },
  {
    begun: u32,
    whole: u32,
    /** Of the core that faulted; 0 where it was not attached yet. */
    boot: u32,
    /** One of FAULT_KIND. */
    kind: u32,
    /** Whose registers these are, as ELF numbers processors: 183 AArch64, 62 x86-64. */
    machine: u32,
    /** Of a failed assertion, in `file`; else 0. */
    line: u32,
    /** How many of `registers` mean something, and of `lines`. */
    registerCount: u32,
    lineCount: u32,
    /** By the core's clock. */
    timeUs: u64,
    /** What the image was moved by when it was loaded: addresses in its file are lower by this. */
    loadBias: u64,
    /** Why: ESR_EL1; of a process the signal's number, and above bit 32 its code. */
    esr: u64,
    /** What was touched: FAR_EL1; of a process the signal's address. */
    far: u64,
    /** The instruction: ELR_EL1. */
    elr: u64,
    /** Where the function that ran would have returned to, as far as it is known; else 0. */
    caller: u64,
    sp: u64,
    /** SPSR_EL1; of a process on x86-64 RFLAGS. */
    spsr: u64,
    /** x0 to x30; on x86-64 rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8 to r15. */
    registers: array(u64, LIMITS.FAULT_REGISTERS),
    /** Where an assertion failed: the end of the file's path. */
    file: text(64),
    /** What the firmware says of it: the assertion, the interrupt. Empty where it says nothing. */
    message: text(112),
    /** The last lines of the trace, the oldest first. */
    lines: array(TraceRecord, LIMITS.FAULT_LINES),
  },
)

export const RingProducerLine = struct(
  'ring_producer',
  { writer: 'producer', cacheAligned: true, summary: "The producer's end of a ring." },
  {
    /** Bytes ever published; the position is this modulo the capacity. */
    tail: u32,
    /** Not 0 while the producer sleeps until there is room; a new number each time. */
    waiting: u32,
    /** Records ever published. */
    records: u32,
    /** Times that a claim found too little room. */
    full: u32,
  },
)

export const RingConsumerLine = struct(
  'ring_consumer',
  { writer: 'consumer', cacheAligned: true, summary: "The consumer's end of a ring." },
  {
    /** Bytes ever consumed. */
    head: u32,
    /** Not 0 while the consumer sleeps until there is a record; a new number each time. */
    waiting: u32,
    /** Records ever consumed. */
    records: u32,
  },
)

export const RingControl = struct(
  'ring_control',
  {
    writer: 'host',
    cacheAligned: true,
    summary: 'A single-producer single-consumer ring. Each end has cache lines of its own.',
  },
  { producer: RingProducerLine, consumer: RingConsumerLine },
)

export const RecordHeader = struct(
  'record_header',
  {
    writer: 'producer',
    summary: 'Precedes each record in a ring. Records start on multiples of its size.',
  },
  {
    /** Bytes of payload that follow. */
    length: u32,
    /** One of COMMAND or EVENT. */
    type: u16,
    /** Of RECORD_FLAG. */
    flags: u16,
    stream: u32,
    sequence: u32,
  },
)

export const MpscHeader = struct(
  'mpsc_header',
  {
    writer: 'host',
    cacheAligned: true,
    summary: 'What an end checks before it trusts the rest. `magic` is written last.',
  },
  {
    /** MPSC_MAGIC. */
    magic: u32,
    /** Bytes of data; a power of two. */
    capacity: u32,
  },
)

export const MpscProducerLine = struct(
  'mpsc_producer',
  { writer: 'producer', cacheAligned: true, summary: 'Where the producers reserve.' },
  {
    /** Bytes ever reserved; the position is this modulo the capacity. */
    tail: u32,
  },
)

export const MpscCounterLine = struct(
  'mpsc_counters',
  { writer: 'producer', cacheAligned: true, summary: 'What befell the producers, all together.' },
  {
    /** Times that a claim found too little room. */
    full: u32,
    /** Claims that began anew, because the consumer had sealed what they had reserved. */
    overtaken: u32,
    /** Claims that the consumer had unblocked before they were committed or aborted. */
    refused: u32,
  },
)

export const MpscConsumerLine = struct(
  'mpsc_consumer',
  { writer: 'consumer', cacheAligned: true, summary: "The consumer's end." },
  {
    /** Bytes ever consumed. */
    head: u32,
    /** Not 0 while the consumer sleeps until there is a record; a new number each time. */
    waiting: u32,
    /** Times that the consumer announced a sleep: the number that it last stored in `waiting`. */
    sleeps: u32,
    /** Stands still where the consumer has died. */
    heartbeat: u32,
  },
)

export const MpscControl = struct(
  'mpsc_control',
  {
    writer: 'host',
    cacheAligned: true,
    summary:
      'A ring of many producers and one consumer, in coherent memory. A mark (u32) for each slot follows it, then the data.',
  },
  {
    header: MpscHeader,
    producers: MpscProducerLine,
    counters: MpscCounterLine,
    consumer: MpscConsumerLine,
  },
)

export const MpscRecordHeader = struct(
  'mpsc_record_header',
  { writer: 'producer', summary: 'Precedes each record in an MPSC ring, and starts a slot.' },
  {
    /** Bytes of payload that follow. */
    length: u32,
    /** For the user to choose. */
    type: u32,
    reserved: array(u32, 2),
  },
)

export const SharedMem = struct(
  'shared_mem',
  { writer: 'host', cacheAligned: true, summary: 'The start of a shared region.' },
  {
    header: RegionHeader,
    hostStatus: HostStatus,
    rings: array(RingDescriptor, LIMITS.RINGS_MAX),
    control: array(CoreControl, LIMITS.CORES_MAX),
    status: array(CoreStatus, LIMITS.CORES_MAX),
    traces: array(TraceRing, LIMITS.CORES_MAX),
    faults: array(FaultRecord, LIMITS.CORES_MAX),
  },
)

export const OpenStream = struct(
  'open_stream',
  { writer: 'host', summary: 'Payload of OPEN.' },
  {
    sampleRateHz: u32,
    channels: u32,
    /** Effects that follow. */
    effectCount: u32,
    /** Of STREAM_FLAG. */
    flags: u32,
    /** Frames of a block that the core makes by itself, where it is free-running. */
    blockFrames: u32,
    reserved: u32,
  },
)

export const EffectConfig = struct(
  'effect_config',
  { writer: 'host', summary: 'Payload of EFFECT; its values follow as f64.' },
  {
    /** Its place in the chain, from 0. */
    position: u32,
    /** Index of the effect, as EFFECT_INFO told it. */
    effect: u32,
    /** One for each parameter of the effect; for a list its length. */
    valueCount: u32,
    reserved: u32,
  },
)

export const ListValues = struct(
  'list_values',
  { writer: 'host', summary: 'Payload of LIST; its values follow as f64.' },
  { position: u32, param: u32, first: u32, count: u32 },
)

export const Failure = struct(
  'failure',
  { writer: 'core', summary: 'Payload of FAILED.' },
  {
    /** One of STATUS. */
    status: u32,
    /** Place in the chain of the effect at fault, where one is; else 0xffffffff. */
    position: u32,
    /** Index of the parameter at fault, where one is; else 0xffffffff. */
    param: u32,
    reserved: u32,
  },
)

/** What stands in a {@link Failure} where no effect or parameter is at fault. */
export const NONE = 0xffffffff

export const ParamInfo = struct(
  'param_info',
  { writer: 'core', summary: 'A parameter of an effect, as the firmware describes it.' },
  {
    name: text(16),
    unit: text(8),
    min: f64,
    max: f64,
    /** What the stream's sample rate allows besides, as shares of it; 0 where it has no say. */
    rateMin: f64,
    rateMax: f64,
    /** `def` and not `default`, which C keeps for itself. */
    def: f64,
    /** Of PARAM_FLAG. */
    flags: u32,
    /** One of SCALE. */
    scale: u32,
  },
)

export const EffectInfo = struct(
  'effect_info',
  { writer: 'core', summary: 'An effect, as the firmware describes it. Payload of EFFECT_INFO.' },
  {
    name: text(16),
    summary: text(112),
    paramCount: u32,
    reserved: u32,
    params: array(ParamInfo, LIMITS.PARAMS_MAX),
  },
)

/** Every struct of the layout, each after those that it contains. */
export const STRUCTS = [
  RegionHeader,
  HostStatus,
  RingDescriptor,
  CoreControl,
  CoreStatus,
  TraceRecord,
  TraceProducerLine,
  TraceConsumerLine,
  TraceRing,
  FaultRecord,
  RingProducerLine,
  RingConsumerLine,
  RingControl,
  RecordHeader,
  MpscHeader,
  MpscProducerLine,
  MpscCounterLine,
  MpscConsumerLine,
  MpscControl,
  MpscRecordHeader,
  SharedMem,
  OpenStream,
  EffectConfig,
  ListValues,
  Failure,
  ParamInfo,
  EffectInfo,
] as const

export const LAYOUT_HASH = layoutHash(STRUCTS)
