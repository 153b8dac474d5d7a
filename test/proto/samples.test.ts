import test from 'ava'
import fc from 'fast-check'
import { ClientMessage, decodeClientMessage, ServerMessage } from '../../proto/messages.ts'
import {
  SAMPLES_HEAD_BYTES_MAX,
  SamplesReader,
  samplesHeadBytes,
  writeSamplesHead,
} from '../../proto/samples.ts'

/** Numbers of 32 bits with all lengths as varints. */
const number32 = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc
    .tuple(fc.constantFrom(7, 14, 21, 28, 32), fc.integer({ min: -2, max: 1 }))
    .map(([bits, more]) => Math.min(2 ** bits + more, 2 ** 32 - 1)),
  fc.nat(2 ** 31 - 1).map((value) => 2 * value),
)
const block = fc.record({
  stream: number32,
  sequence: number32,
  data: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.integer({ min: 16_370, max: 16_400 }).map((bytes) => new Uint8Array(bytes).fill(7)),
  ),
})

/** What the reader found in a message, and undefined where it leaves it to others. */
function readFast(message: Uint8Array) {
  const reader = new SamplesReader()
  if (!reader.read(message)) return undefined
  const { stream, sequence, dataStart, dataEnd } = reader
  return { stream, sequence, data: Buffer.from(message.subarray(dataStart, dataEnd)) }
}

/** The same by the general decoder; undefined where it is no message, or another one. */
function readSlow(message: Uint8Array) {
  try {
    const { body, samples } = decodeClientMessage(message)
    if (body !== 'samples' || !samples) return undefined
    const { stream, sequence, data } = samples
    return { stream: stream ?? 0, sequence: sequence ?? 0, data: Buffer.from(data ?? []) }
  } catch {
    return undefined
  }
}

type Found = ReturnType<typeof readFast>

function isSame(one: Found, other: Found): boolean {
  if (one === undefined || other === undefined) return one === other
  const isSameBlock = one.stream === other.stream && one.sequence === other.sequence
  return isSameBlock && Buffer.compare(one.data, other.data) === 0
}

test('what the general encoder writes is read, with every number and block', (t) => {
  fc.assert(
    fc.property(block, (samples) => {
      const found = readFast(ClientMessage.encode({ samples }).finish())
      return isSame(found, { ...samples, data: Buffer.from(samples.data) })
    }),
  )
  t.pass()
})

test('what is written before samples is what the general encoder writes', (t) => {
  fc.assert(
    fc.property(block, fc.nat(9), ({ stream, sequence, data }, at) => {
      const into = new Uint8Array(at + SAMPLES_HEAD_BYTES_MAX)
      const end = writeSamplesHead(into, at, stream, sequence, data.length)
      const expected = ServerMessage.encode({ samples: { stream, sequence, data } }).finish()
      const written = Buffer.concat([into.subarray(at, end), data])
      const isLong = end - at === samplesHeadBytes(stream, sequence, data.length)
      return isLong && Buffer.compare(written, expected) === 0
    }),
  )
  t.pass()
})

test('whatever is read of any bytes is what the general decoder reads', (t) => {
  const damaged = fc
    .tuple(block, fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 4 }), fc.integer())
    .map(([samples, changes, cut]) => {
      const message = Buffer.from(ClientMessage.encode({ samples }).finish())
      for (const [at, value] of changes) if (at < message.length) message[at] = value
      return cut % 3 === 0 ? message.subarray(0, Math.abs(cut) % message.length) : message
    })
  const bytes = fc.uint8Array({ maxLength: 30 })
  const tagged = bytes.map((rest) => Uint8Array.of(0x2a, rest.length, ...rest))
  let read = 0
  fc.assert(
    fc.property(fc.oneof(damaged, bytes, tagged), (message) => {
      const fast = readFast(message)
      if (fast === undefined) return true
      read++
      return isSame(fast, readSlow(message))
    }),
    { numRuns: 2000 },
  )
  t.true(read > 100)
})

test('what is written otherwise is left to the general decoder', (t) => {
  const data = [26, 1, 7]
  const message = (...inner: number[]) => Uint8Array.of(0x2a, inner.length, ...inner)
  t.deepEqual(readFast(message(8, 1, 16, 2, ...data)), {
    ...{ stream: 1, sequence: 2 },
    data: Buffer.of(7),
  })
  const others = {
    nothing: new Uint8Array(0),
    'a tag': Uint8Array.of(0x2a),
    'no samples': message(8, 1, 16, 2),
    'empty samples': message(8, 1, 26, 0),
    'another order': message(16, 2, 8, 1, ...data),
    'a field twice': message(8, 1, 8, 1, ...data),
    'samples twice': message(8, 1, ...data, ...data),
    'something behind': Uint8Array.of(...message(8, 1, ...data), 8, 1),
    'a request in front': Uint8Array.of(8, 1, ...message(8, 1, ...data)),
    'an unknown field': message(8, 1, 32, 1, ...data),
    'a number of 33 bits': message(8, 0xff, 0xff, 0xff, 0xff, 0x1f, ...data),
    'a number of six bytes': message(8, 0x81, 0x80, 0x80, 0x80, 0x80, 0, ...data),
    'a message that is shorter than it says': Uint8Array.of(0x2a, 9, 8, 1, ...data),
    'samples that are longer than it': message(8, 1, 26, 2, 7),
  }
  for (const [name, bytes] of Object.entries(others)) t.is(readFast(bytes), undefined, name)
})
