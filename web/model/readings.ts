import type { ServerMessage } from '../../proto/messages.ts'

type Body<Name extends keyof ServerMessage> = NonNullable<ServerMessage[Name]>
type CoreMessage = NonNullable<Body<'telemetry'>['cores']>[number]
type RingMessage = NonNullable<CoreMessage['rings']>[number]
type ClientMessage = NonNullable<Body<'telemetry'>['clients']>[number]

/** What the server says of itself when a connection opens. */
export interface ServerReading {
  readonly server: string
  readonly session: number
}

export interface RingReading {
  readonly direction: string
  readonly capacityBytes: number
  readonly usedBytes: number
  readonly records: number
  readonly full: number
}

export interface CoreReading {
  readonly index: number
  readonly state: string
  readonly kind: string
  readonly bootCount: number
  readonly heartbeat: number
  readonly streams: number
  readonly load: number
  readonly blocks: number
  readonly overruns: number
  readonly rings: readonly RingReading[]
}

export interface ClientReading {
  readonly id: number
  readonly name: string
  readonly address: string
  readonly transport: string
  readonly streams: number
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly queuedBytes: number
}

export interface TelemetryReading {
  readonly uptimeS: number
  readonly cores: readonly CoreReading[]
  /** The newest. */
  readonly clients: readonly ClientReading[]
  /** All that are connected. */
  readonly clientCount: number
}

export interface ScopeReading {
  readonly source: string
  readonly sampleRateHz: number
  readonly channels: number
  /** Interleaved. */
  readonly samples: Float32Array
  /** Frames missing before these. */
  readonly skipped: number
  /** As many of them because this page did not take what came before. */
  readonly dropped: number
}

// A field that has its default is not on the wire, and the messages' types say that it may be
// absent: from here on everything is there.

export function readWelcome(welcome: Body<'welcome'>): ServerReading {
  return { server: welcome.server ?? '', session: welcome.session ?? 0 }
}

export function readCore(core: CoreMessage): CoreReading {
  return {
    index: core.index ?? 0,
    state: core.state ?? '',
    kind: core.kind ?? '',
    bootCount: core.bootCount ?? 0,
    heartbeat: core.heartbeat ?? 0,
    streams: core.streams ?? 0,
    load: core.load ?? 0,
    blocks: core.blocks ?? 0,
    overruns: core.overruns ?? 0,
    rings: (core.rings ?? []).map(readRing),
  }
}

function readRing(ring: RingMessage): RingReading {
  return {
    direction: ring.direction ?? '',
    capacityBytes: ring.capacityBytes ?? 0,
    usedBytes: ring.usedBytes ?? 0,
    records: ring.records ?? 0,
    full: ring.full ?? 0,
  }
}

function readClient(client: ClientMessage): ClientReading {
  return {
    id: client.id ?? 0,
    name: client.name ?? '',
    address: client.address ?? '',
    transport: client.transport ?? '',
    streams: client.streams ?? 0,
    messagesIn: client.messagesIn ?? 0,
    messagesOut: client.messagesOut ?? 0,
    bytesIn: client.bytesIn ?? 0,
    bytesOut: client.bytesOut ?? 0,
    queuedBytes: client.queuedBytes ?? 0,
  }
}

export function readTelemetry(telemetry: Body<'telemetry'>): TelemetryReading {
  return {
    uptimeS: telemetry.uptimeS ?? 0,
    cores: (telemetry.cores ?? []).map(readCore),
    clients: (telemetry.clients ?? []).map(readClient),
    clientCount: Math.max(telemetry.clientCount ?? 0, telemetry.clients?.length ?? 0),
  }
}

/** `undefined` where the piece is none that could be played. */
export function readScope(scope: Body<'scope'>): ScopeReading | undefined {
  const { sampleRateHz, channels } = scope
  if (!sampleRateHz || !channels) return undefined
  const data = scope.data ?? new Uint8Array()
  const wholeBytes = data.length - (data.length % (channels * Float32Array.BYTES_PER_ELEMENT))
  return {
    source: scope.source ?? '',
    sampleRateHz,
    channels,
    // A copy: inside the message the samples need not be aligned. Browsers are little-endian.
    samples: new Float32Array(data.slice(0, wholeBytes).buffer),
    skipped: scope.skipped ?? 0,
    dropped: scope.dropped ?? 0,
  }
}
