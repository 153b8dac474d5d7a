import test from 'ava'
import { EffectCatalogue } from '../../src/server/effect-catalogue.ts'
import {
  COMMAND,
  EffectConfig,
  EVENT,
  Failure,
  LIMITS,
  ListValues,
  NONE,
  OpenStream,
  STATUS,
  STREAM_FLAG,
} from '../../src/shm/shared-mem.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'
import { LinkedCore } from '../support/linked-core.ts'

const NOTHING = new Uint8Array(0)

function openPayload(fields: object = {}): Uint8Array {
  const bytes = new Uint8Array(OpenStream.bytes)
  const open = viewStruct(OpenStream, memoryOver(bytes), 0, 'host')
  Object.assign(open, { sampleRateHz: 48000, channels: 1, ...fields })
  return bytes
}

function effectPayload(fields: object, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(EffectConfig.bytes + 8 * values.length)
  const memory = memoryOver(bytes)
  const config = viewStruct(EffectConfig, memory, 0, 'host')
  Object.assign(config, { valueCount: values.length, ...fields })
  values.forEach((value, at) => {
    memory.data.setFloat64(EffectConfig.bytes + 8 * at, value, true)
  })
  return bytes
}

function listPayload(fields: object, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(ListValues.bytes + 8 * values.length)
  const memory = memoryOver(bytes)
  const list = viewStruct(ListValues, memory, 0, 'host')
  Object.assign(list, { count: values.length, ...fields })
  values.forEach((value, at) => {
    memory.data.setFloat64(ListValues.bytes + 8 * at, value, true)
  })
  return bytes
}

/** The effects of the firmware, by name. */
async function describe(linked: LinkedCore) {
  const catalogue = new EffectCatalogue()
  const indices = new Map<string, number>()
  linked.link.send(COMMAND.DESCRIBE, 0, 0, NOTHING)
  for (;;) {
    const [record] = await linked.take(1)
    if (record?.type !== EVENT.EFFECT_INFO) break
    catalogue.add(record.sequence, record.payload)
    indices.set(catalogue.names.at(-1) ?? '', record.sequence)
  }
  return { catalogue, index: (name: string) => indices.get(name) ?? NONE }
}

type Command = readonly [type: number, payload: Uint8Array]

/** Gives commands on a slot, then START, and says how the core answers. */
async function answer(linked: LinkedCore, commands: readonly Command[], slot = 0) {
  for (const [type, payload] of [...commands, [COMMAND.START, NOTHING] as const]) {
    while (!linked.link.send(type, slot, 0, payload)) {
      const { rooms } = linked
      await linked.until(() => linked.rooms > rooms)
    }
  }
  const [record] = await linked.take(1)
  if (record?.type === EVENT.STARTED) return 'started'
  const { status, position, param } = viewStruct(
    Failure,
    memoryOver(record?.payload ?? NOTHING),
    0,
    'reader',
  )
  return { status, position, param }
}

test('the firmware describes its effects', async (t) => {
  const linked = await LinkedCore.start(t)
  const { catalogue } = await describe(linked)
  for (const name of ['gain', 'lowpass', 'highshelf', 'fir', 'pluck']) {
    t.true(catalogue.names.includes(name), name)
  }
  for (const { name, summary, parameters } of catalogue.describe()) {
    t.regex(summary ?? '', /\.$/, `${name} is described in a sentence`)
    for (const { min, max, default: value, required } of parameters ?? []) {
      t.true(Number(min) < Number(max))
      if (!required) t.true(Number(value) >= Number(min) && Number(value) <= Number(max))
    }
  }
})

test('formats are checked on both sides of their limits', async (t) => {
  const linked = await LinkedCore.start(t)
  const open = async (fields: object) => {
    const result = await answer(linked, [[COMMAND.OPEN, openPayload(fields)]])
    if (result === 'started') {
      linked.link.send(COMMAND.CLOSE, 0, 0, NOTHING)
      await linked.take(1)
    }
    return result
  }
  const refused = { status: STATUS.FORMAT, position: NONE, param: NONE }
  t.is(await open({ sampleRateHz: LIMITS.SAMPLE_RATE_HZ_MIN }), 'started')
  t.is(await open({ sampleRateHz: LIMITS.SAMPLE_RATE_HZ_MAX }), 'started')
  t.deepEqual(await open({ sampleRateHz: 0 }), refused)
  t.deepEqual(await open({ sampleRateHz: LIMITS.SAMPLE_RATE_HZ_MAX + 1 }), refused)
  t.is(await open({ channels: LIMITS.CHANNELS_MAX }), 'started')
  t.deepEqual(await open({ channels: 0 }), refused)
  t.deepEqual(await open({ channels: LIMITS.CHANNELS_MAX + 1 }), refused)
  const free = { flags: STREAM_FLAG.FREE_RUNNING }
  t.deepEqual(await open({ ...free, blockFrames: 0 }), refused)
  t.deepEqual(await open({ ...free, blockFrames: 257 }), refused)
  t.like(await open({ effectCount: LIMITS.EFFECTS_MAX + 1 }), { status: STATUS.EFFECT })
})

test('what an effect does not take is refused with its place', async (t) => {
  const linked = await LinkedCore.start(t)
  const { index } = await describe(linked)
  const [gain, lowpass] = [index('gain'), index('lowpass')]
  const chain = (...effects: Command[]) =>
    answer(linked, [[COMMAND.OPEN, openPayload({ effectCount: effects.length })], ...effects])
  const effect = (fields: object, values: readonly number[]): Command => [
    COMMAND.EFFECT,
    effectPayload(fields, values),
  ]
  t.deepEqual(await chain(effect({ effect: 1000 }, [1])), {
    status: STATUS.EFFECT,
    position: 0,
    param: NONE,
  })
  t.deepEqual(
    await chain(effect({ effect: gain }, [0]), effect({ effect: gain, position: 1 }, [1e9])),
    { status: STATUS.VALUE, position: 1, param: 0 },
  )
  t.like(await chain(effect({ effect: gain }, [Number.NaN])), { status: STATUS.VALUE })
  t.like(await chain(effect({ effect: gain }, [1, 2])), { status: STATUS.MALFORMED })
  t.like(await chain(effect({ effect: gain, position: 1 }, [1])), { status: STATUS.MALFORMED })
  t.like(await chain(effect({ effect: gain, valueCount: 99 }, [1])), { status: STATUS.MALFORMED })
  t.deepEqual(await chain(effect({ effect: lowpass }, [24000, 1])), {
    status: STATUS.VALUE,
    position: 0,
    param: 0,
  })
  t.is(await chain(effect({ effect: lowpass }, [23_900, 1])), 'started')
})

test('a chain must be whole before it starts', async (t) => {
  const linked = await LinkedCore.start(t)
  const result = await answer(linked, [[COMMAND.OPEN, openPayload({ effectCount: 1 })]])
  t.like(result, { status: STATUS.EFFECT, position: 0 })
  t.like(await answer(linked, [[COMMAND.OPEN, new Uint8Array(4)]]), { status: STATUS.MALFORMED })
  t.is(linked.link.status.streams, 0, 'what failed holds no slot')
})

test('a list comes in order and whole, or not at all', async (t) => {
  const linked = await LinkedCore.start(t)
  const { index } = await describe(linked)
  const taps = (length: number, ...pieces: Uint8Array[]) =>
    answer(linked, [
      [COMMAND.OPEN, openPayload({ effectCount: 1 })],
      [COMMAND.EFFECT, effectPayload({ effect: index('fir') }, [length])],
      ...pieces.map((piece): Command => [COMMAND.LIST, piece]),
    ])
  const refused = { status: STATUS.LIST, position: 0, param: 0 }
  t.deepEqual(await taps(3), refused)
  t.deepEqual(await taps(3, listPayload({}, [1, 2])), refused)
  t.deepEqual(await taps(3, listPayload({}, [1, 2, 3, 4])), refused)
  t.deepEqual(await taps(3, listPayload({ first: 1 }, [1, 2])), refused)
  t.deepEqual(
    await taps(3, listPayload({}, [1, 2]), listPayload({ first: 0xfffffff0 }, [3])),
    refused,
  )
  t.like(await taps(3, listPayload({}, [1, Number.NaN, 2])), { status: STATUS.VALUE })
  t.like(await taps(3, listPayload({ position: 1 }, [1])), { status: STATUS.MALFORMED })
  t.like(await taps(3, listPayload({ count: 0xffffffff }, [1])), { status: STATUS.MALFORMED })
  t.like(await taps(0), { status: STATUS.VALUE })
  t.like(await taps(LIMITS.LIST_VALUES_MAX + 1), { status: STATUS.VALUE })
  t.like(await taps(1.5), { status: STATUS.VALUE })
  t.is(await taps(3, listPayload({}, [1, 2]), listPayload({ first: 2 }, [3])), 'started')
})

test('commands that fit no stream are counted and change nothing', async (t) => {
  const linked = await LinkedCore.start(t)
  const block = new Uint8Array(8)
  t.is(await answer(linked, [[COMMAND.OPEN, openPayload({ channels: 2 })]]), 'started')
  const refused = () => linked.link.status.refused
  const before = refused()
  const wrong: [number, number, Uint8Array][] = [
    [99, 0, block],
    [COMMAND.SAMPLES, 5, block],
    [COMMAND.SAMPLES, 0xffffffff, block],
    [COMMAND.SAMPLES, 0, new Uint8Array(0)],
    [COMMAND.SAMPLES, 0, new Uint8Array(12)],
    [COMMAND.OPEN, 0, openPayload()],
    [COMMAND.OPEN, LIMITS.STREAMS_MAX, openPayload()],
    [COMMAND.EFFECT, 0, effectPayload({}, [])],
    [COMMAND.LIST, 0, listPayload({}, [])],
  ]
  for (const [type, slot, payload] of wrong) linked.link.send(type, slot, 0, payload)
  linked.link.send(COMMAND.SAMPLES, 0, 7, block)
  const [record] = await linked.take(1)
  t.like(record, { type: EVENT.SAMPLES, sequence: 7 })
  t.is(refused() - before, wrong.length)
})

test('every slot can be open at once, and closing all of them leaves none', async (t) => {
  const linked = await LinkedCore.start(t)
  for (let slot = 0; slot < LIMITS.STREAMS_MAX; slot++) {
    t.is(await answer(linked, [[COMMAND.OPEN, openPayload()]], slot), 'started')
  }
  for (let slot = 0; slot < LIMITS.STREAMS_MAX; slot++) {
    linked.link.send(COMMAND.CLOSE, slot, 0, NOTHING)
  }
  const closed = await linked.take(LIMITS.STREAMS_MAX)
  t.true(closed.every(({ type, stream }, slot) => type === EVENT.CLOSED && stream === slot))
  linked.link.send(COMMAND.CLOSE, 0, 0, NOTHING)
  t.like((await linked.take(1))[0], { type: EVENT.CLOSED })
})

test('a core has memory for many filters and says so when it has none left', async (t) => {
  const linked = await LinkedCore.start(t)
  const { index } = await describe(linked)
  // With 16,384 taps a filter of 7 channels takes 260 pages of the 4,096.
  const fitting = 15
  const open: readonly Command[] = [
    [COMMAND.OPEN, openPayload({ effectCount: 1, channels: 7 })],
    [COMMAND.EFFECT, effectPayload({ effect: index('fir') }, [LIMITS.LIST_VALUES_MAX])],
  ]
  // What has its memory still fails, for the list does not come, and gives the memory back: without
  // that the second round would find less.
  for (let round = 0; round < 2; round++) {
    for (let slot = 0; slot < fitting + 3; slot++) {
      for (const [type, payload] of open) t.true(linked.link.send(type, slot, 0, payload))
    }
    const statuses: number[] = []
    for (let slot = 0; slot < fitting + 3; slot++) {
      const result = await answer(linked, [], slot)
      statuses.push(result === 'started' ? STATUS.OK : result.status)
    }
    t.deepEqual(statuses, [
      ...new Array(fitting).fill(STATUS.LIST),
      ...new Array(3).fill(STATUS.MEMORY),
    ])
  }
})

test('a stream hears nothing of the streams that were there before it', async (t) => {
  const linked = await LinkedCore.start(t)
  const { index } = await describe(linked)
  const taps = LIMITS.LIST_VALUES_MAX
  // As many as one record of this ring holds.
  const piece = 1024
  const chain: readonly Command[] = [
    [COMMAND.OPEN, openPayload({ effectCount: 2 })],
    [COMMAND.EFFECT, effectPayload({ effect: index('fir'), position: 0 }, [taps])],
    ...Array.from({ length: taps / piece }, (_, at): Command => {
      const ones = new Array<number>(piece).fill(1)
      return [COMMAND.LIST, listPayload({ position: 0, param: 0, first: at * piece }, ones)]
    }),
    [COMMAND.EFFECT, effectPayload({ effect: index('lowpass'), position: 1 }, [1000, 0.7])],
  ]
  /** What comes of eight blocks of one value. */
  const play = async (slot: number, value: number): Promise<number[]> => {
    const heard: number[] = []
    for (let block = 0; block < 8; block++) {
      const samples = new Float32Array(2048).fill(value)
      linked.link.send(COMMAND.SAMPLES, slot, 0, new Uint8Array(samples.buffer))
      const [record] = await linked.take(1)
      heard.push(...new Float32Array(Uint8Array.from(record?.payload ?? NOTHING).buffer))
    }
    return heard
  }
  const slots = [0, 1, 2, 3]
  for (const slot of slots) {
    t.is(await answer(linked, chain, slot), 'started')
    t.true((await play(slot, 1e30)).some((sample) => sample > 1e30))
  }
  for (const slot of slots) {
    linked.link.send(COMMAND.CLOSE, slot, 0, NOTHING)
    t.like((await linked.take(1))[0], { type: EVENT.CLOSED })
  }
  // The same slots, and the same pages of memory.
  for (const slot of slots) {
    t.is(await answer(linked, chain, slot), 'started')
    const silence = await play(slot, 0)
    t.true(silence.length === 8 * 2048 && silence.every((sample) => sample === 0))
  }
})

test('a free-running block that no record of the ring holds is refused', async (t) => {
  const linked = await LinkedCore.start(t, LIMITS.RING_CAPACITY_MIN)
  const free = (blockFrames: number) =>
    answer(linked, [
      [COMMAND.OPEN, openPayload({ flags: STREAM_FLAG.FREE_RUNNING, channels: 8, blockFrames })],
    ])
  // 8 channels of f32: 127 frames are 4,064 bytes of the 4,080 that fit.
  t.deepEqual(await free(128), { status: STATUS.FORMAT, position: NONE, param: NONE })
  t.is(await free(127), 'started')
})

test("a free-running stream makes blocks by the core's own clock", async (t) => {
  const linked = await LinkedCore.start(t)
  const format = { flags: STREAM_FLAG.FREE_RUNNING, blockFrames: 48, sampleRateHz: 48000 }
  const start = process.hrtime.bigint()
  t.is(await answer(linked, [[COMMAND.OPEN, openPayload(format)]]), 'started')
  const records = await linked.take(100)
  const elapsedMs = Number(process.hrtime.bigint() - start) / 1e6
  t.true(elapsedMs >= 98, `100 blocks of a millisecond came in ${elapsedMs} ms`)
  t.true(records.every(({ payload }) => payload.length === 192))
  const sequences = records.map(({ sequence }) => sequence)
  t.deepEqual(
    sequences,
    [...sequences].sort((a, b) => a - b),
  )
})
