// The bridge as a TypeScript developer writes it in an afternoon, without this project: Node's `net`,
// protobufjs for the messages, mmap-io for the memory, `Atomics` for the positions of the rings.
//
//   node net-bridge.js --port N --firmware PATH [--core-polls]
//
// What it does: everything that the clients of the suite need, for the same core and over the same
// protocol, and nothing is lost. It takes all whole messages of a chunk, puts their blocks onto the
// ring, publishes them together and rings only where the core sleeps; it takes all records that the
// core has published, and frees them together. All answers of a turn to a client go out in one write.
// It stops reading from who sends more than the ring has room for, or takes no answers.
//
// What it does not do, because nobody does at first: it keeps no copy of the other side's position,
// reads and writes headers field by field, decodes every message into objects, makes a view for every
// block, and has Node's own socket to its child as the doorbell, for Node has no eventfd. It checks
// little of what the core writes, never starts a core again, takes one number for each parameter and
// no lists, and ends a connection that does anything else.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import protobuf from 'protobufjs/minimal.js'
import { carillon } from '../../proto/generated/carillon.js'
import { LAYOUT_HASH, SharedMem } from '../../src/shm/shared-mem.ts'

const { Writer } = protobuf
const { ClientMessage, ServerMessage } = carillon.v1

// From firmware/include/carillon/shared_mem.h, as the hash is that goes with them.
const MAGIC = 1313624643
const LAYOUT_VERSION = 1
// What lies before the rings grows now and then.
const SHARED_MEM_BYTES = SharedMem.bytes
const RING_CONTROL_BYTES = 128
const RECORD_HEADER_BYTES = 16
const STREAMS = 128
const HEADER = { magic: 0, version: 4, hash: 8, session: 12, bytes: 16, cores: 20, rings: 24 }
const DESCRIPTORS = 128
const CONTROL = { link: 384, boot: 388 }
const STATUS = { boot: 640 + 8, link: 640 + 12 }
/** In the lines of a ring. */
const TAIL = 0
const PRODUCER_WAITING = 4
const HEAD = 64
const CONSUMER_WAITING = 68
const COMMAND = { PADDING: 0, OPEN: 1, EFFECT: 2, START: 4, SAMPLES: 5, CLOSE: 6, DESCRIBE: 7 }
const EVENT = {
  PADDING: 0,
  STARTED: 1,
  FAILED: 2,
  SAMPLES: 3,
  CLOSED: 4,
  EFFECT_INFO: 5,
  DESCRIBED: 6,
}

const RING_BYTES = 256 * 1024
const REGION_BYTES = SHARED_MEM_BYTES + 2 * (RING_CONTROL_BYTES + RING_BYTES)
const MESSAGE_BYTES_MAX = 1024 * 1024
/** A client that has more than this to take is not read from. */
const QUEUED_BYTES_MAX = 1024 * 1024

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    firmware: { type: 'string', default: '' },
    'core-polls': { type: 'boolean', default: false },
  },
})

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

// --- the memory that is shared with the core ---

interface MmapIo {
  readonly PROT_READ: number
  readonly PROT_WRITE: number
  readonly MAP_SHARED: number
  map(bytes: number, protection: number, flags: number, fd: number, offset: number): Buffer
}

const mmap = createRequire(import.meta.url)('mmap-io') as MmapIo
const folder = mkdtempSync('/dev/shm/net-bridge-')
const regionPath = join(folder, 'region')
const regionFd = openSync(regionPath, 'wx+', 0o600)
ftruncateSync(regionFd, REGION_BYTES)
const memory = mmap.map(
  REGION_BYTES,
  mmap.PROT_READ | mmap.PROT_WRITE,
  mmap.MAP_SHARED,
  regionFd,
  0,
)
const words = new Int32Array(memory.buffer, memory.byteOffset, REGION_BYTES >> 2)

const load = (at: number) => Atomics.load(words, at >> 2) >>> 0
const store = (at: number, value: number) => Atomics.store(words, at >> 2, value | 0)

const toCore = SHARED_MEM_BYTES
const fromCore = toCore + RING_CONTROL_BYTES + RING_BYTES

function makeRegion(): void {
  store(HEADER.version, LAYOUT_VERSION)
  store(HEADER.hash, LAYOUT_HASH)
  store(HEADER.session, randomInt(1, 2 ** 31))
  store(HEADER.bytes, REGION_BYTES)
  store(HEADER.cores, 1)
  store(HEADER.rings, 2)
  for (const [index, offset] of [toCore, fromCore].entries()) {
    const at = DESCRIPTORS + 16 * index
    store(at, index + 1)
    store(at + 4, 0)
    store(at + 8, offset)
    store(at + 12, RING_BYTES)
  }
  store(HEADER.magic, MAGIC)
}

// --- the core ---

function startCore(): Socket {
  const args = ['--region', regionPath, '--region-fd', '4', '--core', '0', '--doorbell', '3']
  if (options['core-polls']) args.push('--poll')
  const child = spawn(options.firmware, args, {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe', regionFd],
  })
  child.on('error', ({ message }) => fail(message))
  child.on('exit', () => fail('the core has ended'))
  return child.stdio[3] as Socket
}

makeRegion()
const bell = startCore()
// It has the file open: nobody needs its name any more.
rmSync(folder, { recursive: true })
closeSync(regionFd)

const ringBell = () => void bell.write('\0')

// --- the ring to the core ---

let tail = 0
let publishedTail = 0
const align = (bytes: number) => (bytes + 15) & ~15

/** Puts a record onto the ring. False where there is no room. */
function put(type: number, stream: number, sequence: number, payload: Uint8Array): boolean {
  const bytes = RECORD_HEADER_BYTES + align(payload.length)
  const place = tail % RING_BYTES
  const toEnd = RING_BYTES - place
  const padding = bytes > toEnd ? toEnd : 0
  const used = (tail - load(toCore + HEAD)) >>> 0
  if (used + padding + bytes > RING_BYTES) return false
  if (padding > 0) writeHeader(place, padding - RECORD_HEADER_BYTES, COMMAND.PADDING, 0, 0)
  const at = (place + padding) % RING_BYTES
  writeHeader(at, payload.length, type, stream, sequence)
  memory.set(payload, toCore + RING_CONTROL_BYTES + at + RECORD_HEADER_BYTES)
  tail = (tail + padding + bytes) >>> 0
  return true
}

function writeHeader(
  place: number,
  length: number,
  type: number,
  stream: number,
  sequence: number,
): void {
  const at = toCore + RING_CONTROL_BYTES + place
  memory.writeUInt32LE(length, at)
  memory.writeUInt32LE(type, at + 4)
  memory.writeUInt32LE(stream, at + 8)
  memory.writeUInt32LE(sequence, at + 12)
}

/** Shows the core what was put, and rings if it sleeps. */
function publish(): void {
  if (tail === publishedTail) return
  publishedTail = tail
  store(toCore + TAIL, tail)
  if (load(toCore + CONSUMER_WAITING) !== 0) ringBell()
}

let ticket = 0

/** Asks the core to ring when it has made room. */
function waitForRoom(): void {
  store(toCore + PRODUCER_WAITING, ++ticket)
}

// --- the ring from the core ---

let head = 0

interface CoreRecord {
  readonly type: number
  readonly stream: number
  readonly sequence: number
  readonly payload: Buffer
}

/** Hands on every record that there is, and frees their room. */
function takeRecords(onRecord: (record: CoreRecord) => void): void {
  for (;;) {
    store(fromCore + CONSUMER_WAITING, 0)
    const published = load(fromCore + TAIL)
    while (head !== published) {
      const at = fromCore + RING_CONTROL_BYTES + (head % RING_BYTES)
      const length = memory.readUInt32LE(at)
      const type = memory.readUInt16LE(at + 4)
      if (type !== EVENT.PADDING) {
        const begin = at + RECORD_HEADER_BYTES
        onRecord({
          type,
          stream: memory.readUInt32LE(at + 8),
          sequence: memory.readUInt32LE(at + 12),
          payload: memory.subarray(begin, begin + length),
        })
      }
      head = (head + RECORD_HEADER_BYTES + align(length)) >>> 0
    }
    store(fromCore + HEAD, head)
    if (load(fromCore + PRODUCER_WAITING) !== 0) ringBell()
    // Before it sleeps it says so, and looks again.
    store(fromCore + CONSUMER_WAITING, ++ticket)
    if (load(fromCore + TAIL) === head) return
  }
}

// --- what the core can do ---

interface Effect {
  readonly index: number
  readonly params: readonly { readonly name: string; readonly def: number }[]
}

const effects = new Map<string, Effect>()

const textAt = (bytes: Buffer, at: number, length: number) =>
  bytes.toString('latin1', at, at + length).replace(/\0.*$/s, '')

function learnEffect({ sequence, payload }: CoreRecord): void {
  const count = payload.readUInt32LE(128)
  const params = Array.from({ length: count }, (_, i) => {
    const at = 136 + 72 * i
    return { name: textAt(payload, at, 16), def: payload.readDoubleLE(at + 56) }
  })
  effects.set(textAt(payload, 0, 16), { index: sequence, params })
}

/** The payload of an EFFECT; undefined where the core has none like it. */
function encodeEffect(
  { name, parameters }: carillon.v1.Effect.$Properties,
  position: number,
): Buffer | undefined {
  const effect = effects.get(name ?? '')
  if (effect === undefined) return undefined
  const payload = Buffer.alloc(16 + 8 * effect.params.length)
  payload.writeUInt32LE(position, 0)
  payload.writeUInt32LE(effect.index, 4)
  payload.writeUInt32LE(effect.params.length, 8)
  for (const [i, { name, def }] of effect.params.entries()) {
    const given = parameters?.find((parameter) => parameter.name === name)?.values?.[0]
    payload.writeDoubleLE(given ?? def, 16 + 8 * i)
  }
  return payload
}

// --- the clients ---

interface Stream {
  readonly client: Client
  readonly id: number
  readonly request: number
  isOpen: boolean
  sequence: number
}

/** By the slots of the core; `closing` until the core has said that one is free again. */
const streams: (Stream | 'closing' | undefined)[] = new Array(STREAMS).fill(undefined)
/** Clients with messages that found no room. */
const blocked = new Set<Client>()
/** Slots that could not be closed for want of room. */
const unclosed = new Set<number>()
const dirty = new Set<Client>()
const NOTHING = new Uint8Array(0)

class Client {
  readonly #socket: Socket
  readonly #slots = new Map<number, number>()
  /** Of a message that has not come whole, or found no room. */
  #rest = NOTHING as Uint8Array
  #answers: Uint8Array[] = []
  #lastStream = 0
  #hasGreeted = false
  #isPaused = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
      this.takeMessages()
      publish()
      flush()
    })
    // A connection that breaks off is over, and no more.
    socket.on('error', () => {})
    socket.on('close', () => this.#onClose())
    socket.on('drain', () => this.#updateReading())
  }

  /** Takes the whole messages, until one finds no room. */
  takeMessages(): void {
    let at = 0
    blocked.delete(this)
    for (;;) {
      const frame = frameAt(this.#rest, at)
      if (frame === 'bad') {
        this.#socket.destroy()
        return
      }
      if (frame === undefined) break
      const message = ClientMessage.decode(this.#rest.subarray(frame.begin, frame.end))
      if (!this.#handle(message)) {
        // There may have been made some before it said that it waits.
        waitForRoom()
        if (!this.#handle(message)) {
          blocked.add(this)
          break
        }
      }
      at = frame.end
    }
    if (at > 0) this.#rest = this.#rest.subarray(at)
    this.#updateReading()
  }

  answer(message: carillon.v1.ServerMessage.$Properties): void {
    this.#answers.push(ServerMessage.encode(message, Writer.create().fork()).ldelim().finish())
    dirty.add(this)
  }

  flush(): void {
    const [first] = this.#answers
    if (first === undefined) return
    this.#socket.write(this.#answers.length === 1 ? first : Buffer.concat(this.#answers))
    this.#answers = []
    this.#updateReading()
  }

  break(): void {
    this.#socket.destroy()
  }

  #updateReading(): void {
    const pauses = blocked.has(this) || this.#socket.writableLength > QUEUED_BYTES_MAX
    if (pauses === this.#isPaused) return
    this.#isPaused = pauses
    if (pauses) this.#socket.pause()
    else this.#socket.resume()
  }

  /** False where there is no room for it now. */
  #handle(message: carillon.v1.ClientMessage): boolean {
    const { request, hello, openStream, samples } = message
    if (samples && this.#hasGreeted) return this.#putSamples(samples)
    if (hello && !this.#hasGreeted) {
      this.#hasGreeted = true
      this.answer({ request, welcome: { protocolVersion: 1, server: 'net-bridge' } })
    } else if (openStream && this.#hasGreeted) {
      return this.#open(request, openStream)
    } else {
      this.#socket.destroy()
    }
    return true
  }

  #putSamples({ stream, sequence, data }: carillon.v1.Samples.$Properties): boolean {
    const slot = this.#slots.get(stream ?? 0) ?? -1
    const known = streams[slot]
    const isRight =
      known instanceof Object &&
      known.isOpen &&
      sequence === known.sequence &&
      data instanceof Uint8Array &&
      data.length > 0 &&
      data.length % 4 === 0 &&
      data.length <= RING_BYTES / 4 - RECORD_HEADER_BYTES
    if (!isRight) {
      this.#socket.destroy()
      return true
    }
    if (!put(COMMAND.SAMPLES, slot, sequence, data)) return false
    known.sequence = (known.sequence + 1) >>> 0
    return true
  }

  #open(request: number, open: carillon.v1.OpenStream.$Properties): boolean {
    const slot = streams.indexOf(undefined)
    const configs = (open.effects ?? []).map(encodeEffect)
    if (slot < 0 || configs.includes(undefined)) {
      this.#socket.destroy()
      return true
    }
    const payload = Buffer.alloc(24)
    payload.writeUInt32LE(open.sampleRateHz ?? 0, 0)
    payload.writeUInt32LE(open.channels ?? 0, 4)
    payload.writeUInt32LE(configs.length, 8)
    // All of its records or none.
    const before = tail
    const fits =
      put(COMMAND.OPEN, slot, 0, payload) &&
      configs.every((config) => put(COMMAND.EFFECT, slot, 0, config ?? NOTHING)) &&
      put(COMMAND.START, slot, 0, NOTHING)
    if (!fits) {
      tail = before
      return false
    }
    const id = ++this.#lastStream
    streams[slot] = { client: this, id, request, isOpen: false, sequence: 0 }
    this.#slots.set(id, slot)
    return true
  }

  #onClose(): void {
    blocked.delete(this)
    for (const slot of this.#slots.values()) {
      streams[slot] = 'closing'
      if (!put(COMMAND.CLOSE, slot, 0, NOTHING)) unclosed.add(slot)
    }
    if (unclosed.size > 0) waitForRoom()
    publish()
  }
}

/** Where a message begins and ends that lies behind its length at `at`; undefined where it is not whole. */
function frameAt(bytes: Uint8Array, at: number) {
  let length = 0
  for (let shift = 0; ; shift += 7, at++) {
    const byte = bytes[at]
    if (byte === undefined) return undefined
    if (shift > 28) return 'bad' as const
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length > MESSAGE_BYTES_MAX) return 'bad' as const
  const begin = at + 1
  return begin + length <= bytes.length ? { begin, end: begin + length } : undefined
}

function flush(): void {
  for (const client of dirty) client.flush()
  dirty.clear()
}

function onRecord(record: CoreRecord): void {
  const { type, stream: slot, sequence, payload } = record
  const stream = streams[slot]
  if (type === EVENT.CLOSED) {
    streams[slot] = undefined
  } else if (stream instanceof Object) {
    const { client, id, request } = stream
    if (type === EVENT.SAMPLES) {
      client.answer({ samples: { stream: id, sequence, data: payload } })
    } else if (type === EVENT.STARTED) {
      stream.isOpen = true
      client.answer({ request, streamOpened: { stream: id, core: 0 } })
    } else {
      // Refused: the slot is free, and a client whose chain the core does not take is let go.
      client.break()
    }
  }
}

function onBell(): void {
  takeRecords(onRecord)
  store(toCore + PRODUCER_WAITING, 0)
  for (const slot of unclosed) {
    if (!put(COMMAND.CLOSE, slot, 0, NOTHING)) break
    unclosed.delete(slot)
  }
  for (const client of [...blocked]) client.takeMessages()
  publish()
  flush()
}

// --- the start ---

function onFirstBells(): void {
  const boot = load(STATUS.boot)
  if (boot !== 0 && load(CONTROL.link) === 0) {
    store(CONTROL.boot, boot)
    store(CONTROL.link, 1)
    ringBell()
  }
  if (load(STATUS.link) !== 1) return
  if (tail === 0) {
    put(COMMAND.DESCRIBE, 0, 0, NOTHING)
    publish()
  }
  takeRecords((record) => {
    if (record.type === EVENT.EFFECT_INFO) learnEffect(record)
    else if (record.type === EVENT.DESCRIBED) listen()
  })
}

function listen(): void {
  bell.removeListener('data', onFirstBells)
  bell.on('data', onBell)
  const server = createServer({ noDelay: true }, (socket) => void new Client(socket))
  server.listen({ port: Number(options.port), host: '127.0.0.1', backlog: 4096 }, () => {
    const { port } = server.address() as AddressInfo
    console.log(JSON.stringify({ event: 'ready', port }))
  })
}

bell.on('data', onFirstBells)
onFirstBells()
