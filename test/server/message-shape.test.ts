import test from 'ava'
import { ClientMessage } from '../../proto/messages.ts'
import { checkShape } from '../../src/server/message-shape.ts'
import { LIMITS } from '../../src/shm/shared-mem.ts'

const LIMIT = { code: 'ERR_CARILLON_LIMIT' }

/** `inner`, so often that a megabyte is full, as the length-delimited field `field` of a message. */
function flood(field: number, inner: readonly number[]): Buffer {
  const content = Buffer.alloc(1_000_000 - (1_000_000 % inner.length))
  for (let at = 0; at < content.length; at += inner.length) content.set(inner, at)
  const size = content.length
  const length = [(size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14]
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), content])
}

test('the largest chain that is allowed has its shape', (t) => {
  const parameters = Array.from({ length: LIMITS.PARAMS_MAX }, (_, at) => ({
    name: `p${at}`,
    values: new Array(800).fill(0.5),
  }))
  const effects = new Array(LIMITS.EFFECTS_MAX).fill({ name: 'fir', parameters })
  const openStream = { sampleRateHz: 48_000, channels: 8, effects }
  const bytes = ClientMessage.encode({ request: 1, openStream }).finish()
  t.true(bytes.length > 500_000)
  t.notThrows(() => checkShape(bytes))
})

test('a megabyte of empty parts is refused, wherever they are', (t) => {
  const empty = {
    'hellos in a message': flood(2, [0x0a, 0x00]).subarray(4),
    'names in a Hello': flood(2, [0x12, 0x00]),
    'effects in an OpenStream': flood(4, [0x1a, 0x00]),
    'data in Samples': flood(5, [0x1a, 0x00]),
    'flags in a Subscribe': flood(7, [0x08, 0x01]),
    'what no version knows': flood(15, [0x00])
      .subarray(4)
      .fill(Buffer.from([0x7a, 0x00])),
  }
  for (const [name, bytes] of Object.entries(empty)) {
    t.throws(() => checkShape(bytes), LIMIT, name)
  }
})

test('a later version may add some fields', (t) => {
  const request = [0x08, 0x01]
  t.notThrows(() =>
    checkShape(Buffer.from([...request, ...new Array(9).fill([0x78, 0x01]).flat()])),
  )
  t.throws(() => checkShape(Buffer.from(new Array(11).fill([0x78, 0x01]).flat())), LIMIT)
})

test('lengths that lie are an error', (t) => {
  t.throws(() => checkShape(Buffer.from([0x22, 0x7f, 0x1a])))
  t.throws(() => checkShape(Buffer.from([0x22, 0x02, 0x1a, 0x7f])))
  t.throws(() => checkShape(Buffer.from([0xff])))
})
