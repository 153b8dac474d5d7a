import test from 'ava'
import { CobsStrategy } from '../../src/framing/cobs-strategy.ts'
import { encodeAll, readMessages } from './read-messages.ts'

/** 1, 2, …: so many bytes without a zero. */
const run = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** Messages and their frames, as they stand in the article of COBS and in its encyclopedias. */
const table: [number[], number[]][] = [
  [[], [1, 0]],
  [[0], [1, 1, 0]],
  [
    [0, 0],
    [1, 1, 1, 0],
  ],
  [
    [0, 0x11, 0],
    [1, 2, 0x11, 1, 0],
  ],
  [
    [0x11, 0x22, 0, 0x33],
    [3, 0x11, 0x22, 2, 0x33, 0],
  ],
  [
    [0x11, 0, 0, 0],
    [2, 0x11, 1, 1, 1, 0],
  ],
  [run(1, 254), [255, ...run(1, 254), 0]],
  [
    [0, ...run(1, 254)],
    [1, 255, ...run(1, 254), 0],
  ],
  [run(1, 255), [255, ...run(1, 254), 2, 255, 0]],
  [
    [...run(2, 255), 0],
    [255, ...run(2, 255), 1, 1, 0],
  ],
  [
    [...run(3, 255), 0, 1],
    [254, ...run(3, 255), 2, 1, 0],
  ],
]

test('the frames are the ones of the article', (t) => {
  for (const [message, frame] of table) {
    const strategy = new CobsStrategy()
    t.deepEqual([...encodeAll(strategy, [Buffer.from(message)])], frame)
    t.deepEqual(readMessages(strategy, [Buffer.from(frame)]).messages, [Buffer.from(message)])
  }
})

test('a full block may be followed by an empty one at the end', (t) => {
  const message = Buffer.from(run(1, 254))
  const frame = Buffer.from([255, ...message, 1, 0])
  t.deepEqual(readMessages(new CobsStrategy(), [frame]).messages, [message])
})

test('zeros between frames are nothing', (t) => {
  const stream = Buffer.from([0, 0, 2, 7, 0, 0, 0, 1, 0])
  t.deepEqual(readMessages(new CobsStrategy(), [stream]).messages, [
    Buffer.from([7]),
    Buffer.alloc(0),
  ])
})

test('a damaged frame is an error, or skipped and counted', (t) => {
  for (const damaged of [
    [3, 1, 0],
    [255, 1, 0],
    [1, 2, 0],
    [2, 9, 3, 1, 0],
  ]) {
    const stream = Buffer.from([...damaged, 2, 7, 0])
    const refusing = readMessages(new CobsStrategy({ onTooLarge: 'skip' }), [stream])
    t.deepEqual([refusing.messages, refusing.error?.code], [[], 'ERR_CARILLON_COBS'])
    const skipping = new CobsStrategy({ onDamaged: 'skip' })
    t.deepEqual(readMessages(skipping, [stream]), {
      messages: [Buffer.from([7])],
      error: undefined,
    })
    t.is(skipping.skippedMessages, 1)
    t.is(skipping.skippedBytes, damaged.length - 1)
  }
  t.throws(() => new CobsStrategy({ onDamaged: 'keep' as 'skip' }), {
    code: 'ERR_CARILLON_ARGUMENT',
  })
})

test('a frame within bounds whose message is over the limit is not taken', (t) => {
  // 300 bytes may need 302 in the stream; this needs them for 301.
  const message = Buffer.alloc(301)
  const [frame] = new CobsStrategy().encode(message)
  const read = (maxMessageBytes: number) =>
    readMessages(new CobsStrategy({ maxMessageBytes }), [frame as Uint8Array])
  t.is(frame?.length, 303)
  t.is(read(300).error?.code, 'ERR_CARILLON_MESSAGE_TOO_LARGE')
  t.deepEqual(read(301).messages, [message])
})
