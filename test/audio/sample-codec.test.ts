import test from 'ava'
import fc from 'fast-check'
import {
  BYTES_PER_SAMPLE,
  decodeSamples,
  encodeSamples,
  type LossCounts,
  type SampleFormat,
} from '../../src/audio/sample-codec.ts'
import { floatBytes, floatsOf } from '../support/wav-bytes.ts'

function encode(format: SampleFormat, floats: Uint8Array) {
  const losses: LossCounts = { clipped: 0, notANumber: 0 }
  const stored = Buffer.alloc((floats.length / 4) * BYTES_PER_SAMPLE[format])
  encodeSamples(format, floats, stored, losses)
  return { stored, losses }
}

function pcmOf(format: 's16' | 's24' | 's32', samples: number[]) {
  const width = BYTES_PER_SAMPLE[format]
  const { stored, losses } = encode(format, floatBytes(samples))
  return { values: samples.map((_, i) => stored.readIntLE(i * width, width)), losses }
}

for (const [format, bits] of [
  ['s16', 16],
  ['s24', 24],
] as const) {
  test(`every ${bits}-bit value is its quotient and comes back as it was`, (t) => {
    const width = bits / 8
    // All of 16 bits; for 24 bits every 251st, which is odd: all low bytes and both ends.
    const step = bits === 16 ? 1 : 251
    const values: number[] = [2 ** (bits - 1) - 1]
    for (let value = -(2 ** (bits - 1)); value < 2 ** (bits - 1); value += step) values.push(value)
    const stored = Buffer.alloc(values.length * width)
    for (const [i, value] of values.entries()) stored.writeIntLE(value, i * width, width)

    const floats = decodeSamples(format, stored)
    const expected = floatBytes(values.map((value) => value / 2 ** (bits - 1)))
    t.deepEqual(Buffer.from(floats), Buffer.from(expected))
    const back = encode(format, floats)
    t.true(back.stored.equals(stored))
    t.deepEqual(back.losses, { clipped: 0, notANumber: 0 })
  })
}

test('32-bit PCM comes back within one step of a float, and nothing counts as clipped', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), (values) => {
      const stored = Buffer.alloc(values.length * 4)
      for (const [i, value] of values.entries()) stored.writeInt32LE(value, i * 4)
      const floats = decodeSamples('s32', stored)
      t.deepEqual(
        floatsOf(floats),
        values.map((value) => Math.fround(value / 2 ** 31)),
      )
      const back = encode('s32', floats)
      for (const [i, value] of values.entries()) {
        // A float has 24 bits: its step is at most 2^-24 of the value, here 2^7 of 2^31.
        const step = Math.max(1, 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 23))
        t.true(Math.abs(back.stored.readInt32LE(i * 4) - value) <= step)
      }
      t.deepEqual(back.losses, { clipped: 0, notANumber: 0 })
    }),
  )
  t.is(pcmOf('s32', [1]).values[0], 2 ** 31 - 1)
})

test('floats keep their bits, NaN payloads, infinities and negative zero included', (t) => {
  const bits = Buffer.from(
    '0100807f ffffffff 0000c07f 2301a0ff 0000807f 000080ff 00000080 01000000'.replaceAll(' ', ''),
    'hex',
  )
  const floats = decodeSamples('f32', bits)
  t.true(bits.equals(floats))
  t.true(encode('f32', floats).stored.equals(bits))
  t.not(floats.buffer, bits.buffer)
})

test('floats of 64 bits are rounded to the nearest float', (t) => {
  const stored = Buffer.alloc(24)
  stored.writeDoubleLE(0.1, 0)
  stored.writeDoubleLE(-1e300, 8)
  stored.writeDoubleLE(Number.NaN, 16)
  t.deepEqual(floatsOf(decodeSamples('f64', stored)), [
    Math.fround(0.1),
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ])
})

test('PCM is rounded to the nearest value, halves to the even one', (t) => {
  const halves = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49, -0.51]
  const { values } = pcmOf(
    's16',
    halves.map((value) => value / 2 ** 15),
  )
  t.deepEqual(values, [0, 2, 2, 0, -2, -2, 0, -1])
})

for (const [format, bits] of [
  ['s16', 16],
  ['s24', 24],
  ['s32', 32],
] as const) {
  test(`what ${format} cannot hold is held at full scale or silenced, and counted`, (t) => {
    const max = 2 ** (bits - 1) - 1
    const { values, losses } = pcmOf(format, [
      ...[-1, 1.5, -1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38],
      ...[Number.NaN, 0],
    ])
    t.deepEqual(values, [-max - 1, max, -max - 1, max, -max - 1, max, -max - 1, 0, 0])
    t.deepEqual(losses, { clipped: 6, notANumber: 1 })
  })
}

test('a sample that rounds to full scale is not clipped, one that rounds beyond it is', (t) => {
  t.deepEqual(pcmOf('s16', [32_767.25 / 2 ** 15]).losses, { clipped: 0, notANumber: 0 })
  t.deepEqual(pcmOf('s16', [32_767.75 / 2 ** 15, 1]).losses, { clipped: 2, notANumber: 0 })
})

test('samples may lie at any alignment', (t) => {
  const shifted = Buffer.concat([Buffer.alloc(1), floatBytes([0.25, -0.5])]).subarray(1)
  t.deepEqual(encode('s16', shifted).stored, Buffer.from('002000c0', 'hex'))
  const stored = Buffer.from('ff002000c0', 'hex').subarray(1)
  t.deepEqual(floatsOf(decodeSamples('s16', stored)), [0.25, -0.5])
})
