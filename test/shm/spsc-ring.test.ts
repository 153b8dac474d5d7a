import test from 'ava'
import fc from 'fast-check'
import { checkCapacity } from '../../src/shm/ring-geometry.ts'
import { LIMITS, RECORD_FLAG, RecordHeader, RingControl } from '../../src/shm/shared-mem.ts'
import { type RingRecord, SpscRingConsumer } from '../../src/shm/spsc-ring-consumer.ts'
import { type RingProducerOptions, SpscRingProducer } from '../../src/shm/spsc-ring-producer.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'

const CAPACITY = LIMITS.RING_CAPACITY_MIN
const OFFSET = 64

function newRing(capacity: number = CAPACITY, options: RingProducerOptions = {}) {
  const memory = memoryOver(new Uint8Array(OFFSET + RingControl.bytes + capacity))
  const producer = new SpscRingProducer(memory, OFFSET, capacity, options)
  const consumer = new SpscRingConsumer(memory, OFFSET, capacity)
  const control = {
    producer: viewStruct(RingControl, memory, OFFSET, 'producer').producer,
    consumer: viewStruct(RingControl, memory, OFFSET, 'consumer').consumer,
  }
  return { memory, producer, consumer, control, data: OFFSET + RingControl.bytes }
}

type Ring = ReturnType<typeof newRing>

function readAll({ memory, consumer }: Ring, limit = Number.MAX_SAFE_INTEGER) {
  const records: (RingRecord & { payload: Uint8Array })[] = []
  consumer.read((record) => {
    const payload = memory.bytes.slice(record.offset, record.offset + record.length)
    records.push({ ...record, payload })
  }, limit)
  return records
}

test('records arrive as they were written, in order', (t) => {
  const ring = newRing()
  t.true(ring.producer.write(3, 70000, 0xffffffff, Uint8Array.of(1, 2, 3)))
  t.true(ring.producer.write(0xffff, 0, 1, Uint8Array.of()))
  t.deepEqual(readAll(ring), [], 'nothing is seen before publish')
  ring.producer.publish()
  const [first, second, ...others] = readAll(ring)
  t.like(first, { type: 3, stream: 70000, sequence: 0xffffffff, length: 3 })
  t.deepEqual(first?.payload, Uint8Array.of(1, 2, 3))
  t.like(second, { type: 0xffff, stream: 0, sequence: 1, length: 0 })
  t.deepEqual(others, [])
})

test('whatever is written in whatever rhythm is read once, whole and in order', (t) => {
  const step = fc.oneof(
    fc.record({ write: fc.nat(CAPACITY / 4 - RecordHeader.bytes), byte: fc.nat(255) }),
    fc.record({ read: fc.integer({ min: 1, max: 5 }) }),
    fc.constant({ publish: true }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const ring = newRing()
      const committed: Uint8Array[] = []
      let published = 0
      let sequence = 0
      let read = 0
      const take = (limit: number) => {
        for (const record of readAll(ring, limit)) {
          t.true(read < published)
          t.is(record.sequence, read)
          t.deepEqual(record.payload, committed[read])
          read++
        }
      }
      for (const action of steps) {
        if ('write' in action) {
          const payload = new Uint8Array(action.write).fill(action.byte)
          if (ring.producer.write(1, 0, sequence, payload)) {
            committed.push(payload)
            sequence++
          }
        } else if ('publish' in action) {
          ring.producer.publish()
          published = committed.length
        } else {
          take(action.read)
        }
      }
      ring.producer.publish()
      published = committed.length
      take(Number.MAX_SAFE_INTEGER)
      t.is(read, committed.length)
      t.is(ring.consumer.usedBytes, 0)
    }),
    { numRuns: 300 },
  )
})

test('a full ring refuses, counts, and takes again once there is room', (t) => {
  const ring = newRing()
  const payload = new Uint8Array(ring.producer.payloadBytesMax)
  for (let index = 0; index < 4; index++) t.true(ring.producer.write(1, 0, index, payload))
  t.false(ring.producer.write(1, 0, 4, payload))
  t.is(ring.control.producer.full, 1)
  ring.producer.publish()
  t.is(ring.producer.usedBytes, CAPACITY)
  t.false(ring.producer.write(1, 0, 4, new Uint8Array(0)))
  t.is(readAll(ring, 1).length, 1)
  t.true(ring.producer.write(1, 0, 4, payload))
  ring.producer.publish()
  t.deepEqual(
    readAll(ring).map((record) => record.sequence),
    [1, 2, 3, 4],
  )
})

test('the longest record is a quarter of the ring with its header', (t) => {
  const { producer } = newRing()
  t.is(producer.payloadBytesMax, CAPACITY / 4 - RecordHeader.bytes)
  t.not(producer.claim(producer.payloadBytesMax), -1)
  producer.abort()
  t.throws(() => producer.claim(producer.payloadBytesMax + 1), { code: 'ERR_CARILLON_ARGUMENT' })
  t.throws(() => producer.claim(-1), { code: 'ERR_CARILLON_ARGUMENT' })
})

test('what is claimed is filled with as much as was claimed, and no more', (t) => {
  const ring = newRing()
  const refused = { code: 'ERR_CARILLON_ARGUMENT' }
  t.throws(() => ring.producer.fill(new Uint8Array(0)), { ...refused, message: /without a claim/ })
  const at = ring.producer.claim(3)
  t.throws(() => ring.producer.fill(new Uint8Array(4)), { ...refused, message: /3 bytes/ })
  t.throws(() => ring.producer.fill('abc' as unknown as Uint8Array), refused)
  ring.producer.fill(Uint8Array.of(1, 2))
  ring.producer.fill(Uint8Array.of(7, 8, 9))
  t.deepEqual(ring.memory.bytes.slice(at, at + 3), Uint8Array.of(7, 8, 9))
  ring.producer.commit(1, 0, 0)
  ring.producer.publish()
  t.is(readAll(ring).length, 1)
  const checked = new SpscRingProducer(ring.memory, 0, CAPACITY, { checksum: true })
  checked.claim(3)
  t.throws(() => checked.fill(new Uint8Array(4)), refused)
})

test('what is claimed and aborted leaves nothing', (t) => {
  const ring = newRing()
  ring.producer.claim(100)
  ring.producer.abort()
  t.throws(() => ring.producer.commit(1, 0, 0), { code: 'ERR_CARILLON_ARGUMENT' })
  ring.producer.write(1, 0, 5, Uint8Array.of(9))
  ring.producer.publish()
  t.deepEqual(
    readAll(ring).map((record) => record.sequence),
    [5],
  )
})

test('a claim that finds no room leaves none open', (t) => {
  const ring = newRing()
  const longest = new Uint8Array(ring.producer.payloadBytesMax)
  for (let index = 0; index < 3; index++) ring.producer.write(1, 0, index, longest)
  ring.producer.write(1, 0, 3, longest.subarray(32))
  t.not(ring.producer.claim(16), -1)
  t.is(ring.producer.claim(17), -1)
  t.throws(() => ring.producer.commit(1, 0, 4), { code: 'ERR_CARILLON_ARGUMENT' })
  ring.producer.publish()
  t.deepEqual(
    readAll(ring).map((record) => record.sequence),
    [0, 1, 2, 3],
  )
})

test('positions wrap at 2^32 without a trace', (t) => {
  const ring = newRing(1024 * 1024)
  const length = ring.producer.payloadBytesMax
  let written = 0
  for (let bytes = 0; bytes < 2 ** 32 + 2 ** 21; bytes += length + RecordHeader.bytes) {
    const at = ring.producer.claim(length)
    ring.memory.bytes[at] = written & 0xff
    ring.producer.commit(1, 0, written)
    ring.producer.publish()
    const count = ring.consumer.read((record) => {
      if (record.sequence !== written || ring.memory.bytes[record.offset] !== (written & 0xff)) {
        t.fail(`record ${written} is damaged`)
      }
    }, 2)
    if (count !== 1) t.fail(`record ${written} is missing`)
    written++
  }
  t.true(ring.control.producer.tail < 2 ** 22, 'the position has wrapped')
})

test('a reader that throws has consumed its record, and no other', (t) => {
  const ring = newRing()
  for (let index = 0; index < 3; index++) ring.producer.write(1, 0, index, new Uint8Array(8))
  ring.producer.publish()
  const stop = new Error('stop')
  t.is(
    t.throws(() =>
      ring.consumer.read(() => {
        throw stop
      }, 10),
    ),
    stop,
  )
  t.deepEqual(
    readAll(ring).map((record) => record.sequence),
    [1, 2],
  )
})

test('what was read is there until the end of the batch has been told', (t) => {
  const ring = newRing()
  const { consumer, producer } = ring
  const batch = (reader: () => boolean | undefined) => {
    const used: number[] = []
    const read = () => consumer.read(reader, 2, () => used.push(consumer.usedBytes))
    return { used, read }
  }
  const none = batch(() => true)
  t.is(none.read(), 0)
  t.deepEqual(none.used, [])
  for (let index = 0; index < 5; index++) producer.write(1, 0, index, new Uint8Array(8))
  producer.publish()
  const all = consumer.usedBytes
  const two = batch(() => true)
  t.is(two.read(), 2)
  t.deepEqual(two.used, [all], 'nothing was freed')
  t.true(consumer.usedBytes < all)
  const stopped = batch(() => false)
  t.is(stopped.read(), 1)
  t.is(stopped.used.length, 1)
  const thrown = batch(() => {
    throw new Error('enough')
  })
  t.throws(thrown.read, { message: 'enough' })
  t.is(thrown.used.length, 1)
  const whoTells = () => {
    throw new Error('no end')
  }
  t.throws(() => consumer.read(() => true, 1, whoTells), { message: 'no end' })
  t.is(consumer.usedBytes, 0, 'freed nevertheless')
})

test('a part of a memory is a record', (t) => {
  const ring = newRing()
  const source = Uint8Array.from({ length: 64 }, (_, index) => index)
  t.true(ring.producer.writePart(1, 2, 3, source, 5, 64))
  t.true(ring.producer.writePart(1, 2, 3, source, 64, 64))
  for (const [start, end] of [
    [5, 65],
    [-1, 8],
    [8, 7],
    [0.5, 8],
  ] as const) {
    const refused = { code: 'ERR_CARILLON_ARGUMENT' }
    t.throws(() => ring.producer.writePart(1, 2, 3, source, start, end), refused)
  }
  t.throws(() => ring.producer.commit(1, 2, 3), { message: /without a claim/ })
  ring.producer.publish()
  t.deepEqual(
    readAll(ring).map(({ payload }) => payload),
    [source.slice(5), new Uint8Array(0)],
  )
})

test('a reader that returns false has had its last record', (t) => {
  const ring = newRing()
  for (let index = 0; index < 3; index++) ring.producer.write(1, 0, index, new Uint8Array(8))
  ring.producer.publish()
  t.is(
    ring.consumer.read((record) => record.sequence < 1, 10),
    2,
  )
  t.deepEqual(
    readAll(ring).map((record) => record.sequence),
    [2],
  )
})

test('what is peeked at stays to be read', (t) => {
  const ring = newRing()
  t.is(ring.consumer.peek(), undefined)
  for (let index = 0; index < 2; index++) ring.producer.write(1, 0, index, new Uint8Array(8))
  t.is(ring.consumer.peek(), undefined, 'nothing is seen before publish')
  ring.producer.publish()
  t.is(ring.consumer.peek()?.sequence, 0)
  t.is(ring.consumer.peek()?.sequence, 0)
  t.is(ring.control.consumer.head, 0)
  t.deepEqual(
    readAll(ring).map((record) => record.sequence),
    [0, 1],
  )
  t.is(ring.consumer.peek(), undefined)
})

test('a peek behind the padding at the end of the ring frees nothing', (t) => {
  const ring = newRing()
  const { payloadBytesMax } = ring.producer
  for (let index = 0; index < 3; index++) {
    ring.producer.write(1, 0, index, new Uint8Array(payloadBytesMax))
  }
  ring.producer.write(1, 0, 3, new Uint8Array(payloadBytesMax - 16))
  ring.producer.publish()
  readAll(ring)
  ring.producer.write(1, 0, 4, new Uint8Array(32))
  ring.producer.publish()
  const { head } = ring.control.consumer
  t.is(ring.consumer.peek()?.sequence, 4)
  t.is(ring.control.consumer.head, head)
  t.false(ring.consumer.trySleep(), 'there is something to read')
  t.is(readAll(ring)[0]?.sequence, 4)
  t.is(ring.consumer.usedBytes, 0)
})

test('each end counts, and says what the other has not done yet', (t) => {
  const ring = newRing()
  for (let index = 0; index < 5; index++) ring.producer.write(1, 0, index, new Uint8Array(8))
  t.deepEqual(ring.producer.stats, { records: 5, unread: 5, full: 0, usedBytes: 0 })
  t.is(ring.consumer.unread, 0, 'nothing is published')
  ring.producer.publish()
  t.deepEqual(ring.consumer.stats, { read: 0, unread: 5, full: 0, usedBytes: 5 * 32 })
  readAll(ring, 2)
  t.deepEqual(ring.consumer.stats, { read: 2, unread: 3, full: 0, usedBytes: 3 * 32 })
  t.is(ring.producer.unread, 3)
  t.is(ring.control.consumer.records, 2)
})

test('counters that are damaged say no more than the ring can hold', (t) => {
  const ring = newRing()
  ring.control.consumer.records = 0x80000000
  ring.control.producer.records = 0x80000000
  t.is(ring.producer.unread, CAPACITY / 16)
  t.is(ring.consumer.unread, CAPACITY / 16)
})

test('one sleep is rung for once', (t) => {
  const { producer, consumer } = newRing()
  const publish = () => {
    producer.write(1, 0, 0, new Uint8Array(8))
    return producer.publish()
  }
  t.false(publish(), 'an awake consumer needs no bell')
  t.false(consumer.trySleep(), 'there is something to read')
  consumer.read(() => {}, 10)
  t.true(consumer.trySleep())
  t.true(publish())
  t.false(publish(), 'it has been rung for')
  consumer.wake()
  consumer.read(() => {}, 10)
  t.true(consumer.trySleep())
  t.true(publish(), 'another sleep, another bell')
})

test('a producer that sleeps for room is rung for once', (t) => {
  const { producer, consumer } = newRing()
  while (producer.write(1, 0, 0, new Uint8Array(4000)));
  producer.publish()
  t.true(producer.trySleep())
  t.false(consumer.read(() => {}, 1) === 0)
  t.true(consumer.shouldRing())
  t.false(consumer.shouldRing())
  t.true(producer.write(1, 0, 0, new Uint8Array(4000)))
  consumer.read(() => {}, 1)
  producer.wake()
  t.false(consumer.shouldRing())
})

test('room that is made just before the sleep is not slept over', (t) => {
  const { producer, consumer } = newRing()
  while (producer.write(1, 0, 0, new Uint8Array(4000)));
  producer.publish()
  consumer.read(() => {}, 1)
  t.false(producer.trySleep())
})

test('room that a later claim has seen is not slept over by an earlier one', (t) => {
  const { producer, consumer } = newRing()
  while (producer.write(1, 0, 0, new Uint8Array(producer.payloadBytesMax)));
  producer.publish()
  t.is(producer.claim(producer.payloadBytesMax), -1)
  consumer.read(() => {}, 1)
  t.true(producer.write(1, 0, 0, new Uint8Array(8)), 'a shorter one finds it')
  t.false(producer.trySleep())
  t.true(producer.trySleep(), 'nothing has been refused since')
})

test('what is no type, flags or length is refused, and says so', (t) => {
  const { producer } = newRing()
  const refused = { code: 'ERR_CARILLON_ARGUMENT' }
  for (const length of [-1, 1.5, NaN, Infinity, producer.payloadBytesMax + 1]) {
    t.throws(() => producer.claim(length), refused)
  }
  for (const payload of [new ArrayBuffer(8), new BigUint64Array(1), 'text']) {
    t.throws(() => producer.write(1, 0, 0, payload as unknown as Uint8Array), refused)
  }
  t.true(producer.claim(producer.payloadBytesMax) > 0)
  for (const type of [0, -1, 0.5, 1.5, NaN, 0x1_0000, 2 ** 32 + 1, '1' as unknown as number]) {
    t.throws(() => producer.commit(type, 0, 0), refused)
  }
  for (const flags of [-1, 0.5, 1.5, NaN, 0x1_0000, 2 ** 32]) {
    t.throws(() => producer.commit(1, 0, 0, flags), refused)
  }
  producer.commit(0xffff, 0, 0, RECORD_FLAG.MORE)
  t.is(producer.records, 1)
})

test('a ring without checksums flags none, whatever it is told', (t) => {
  const ring = newRing()
  ring.producer.claim(8)
  const flags = RECORD_FLAG.CHECKSUM | RECORD_FLAG.MORE
  t.throws(() => ring.producer.commit(1, 0, 0, flags), { code: 'ERR_CARILLON_ARGUMENT' })
  ring.producer.commit(1, 0, 0, RECORD_FLAG.MORE)
  ring.producer.publish()
  t.is(readAll(ring).length, 1)
  const checked = newRing(CAPACITY, { checksum: true })
  checked.producer.claim(8)
  checked.producer.commit(1, 0, 0, flags)
  checked.producer.publish()
  t.is(readAll(checked)[0]?.flags, flags)
})

test('a batch without a number of records is refused, and consumes nothing', (t) => {
  const { producer, consumer } = newRing()
  producer.write(1, 0, 0, new Uint8Array(8))
  producer.publish()
  for (const limit of [undefined, NaN, -1, '5']) {
    t.throws(() => consumer.read(() => true, limit as number), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  t.is(
    consumer.read(() => true, 0),
    0,
  )
  t.is(
    consumer.read(() => true, Infinity),
    1,
  )
})

test('a reader cannot read, peek at or reset its ring', (t) => {
  const ring = newRing()
  for (let index = 0; index < 3; index++) ring.producer.write(1, 0, index, new Uint8Array(8))
  ring.producer.publish()
  const { consumer } = ring
  const refused = { code: 'ERR_CARILLON_ARGUMENT' }
  for (const act of [
    () => consumer.read(() => {}, 1),
    () => consumer.peek(),
    () => consumer.reset(),
  ]) {
    t.throws(() => consumer.read(() => void act(), 1), refused)
  }
  ring.producer.write(1, 0, 3, new Uint8Array(8))
  ring.producer.publish()
  t.deepEqual(
    readAll(ring).map((record) => record.sequence),
    [3],
  )
})

test('a checksum is left off the payload, which is four bytes shorter at most', (t) => {
  const ring = newRing(CAPACITY, { checksum: true })
  const most = CAPACITY / 4 - RecordHeader.bytes - 4
  t.is(ring.producer.payloadBytesMax, most)
  t.throws(() => ring.producer.claim(most + 1), {
    code: 'ERR_CARILLON_ARGUMENT',
    message: new RegExp(`0 to ${most} bytes`),
  })
  for (const length of [0, 1, 5, 16, most]) {
    const payload = Uint8Array.from({ length }, (_, at) => at)
    t.true(ring.producer.write(1, 2, length, payload))
    ring.producer.publish()
    const [record] = readAll(ring)
    t.like(record, { type: 1, stream: 2, sequence: length, length })
    t.deepEqual(record?.payload, payload)
  }
})

test('any byte that changes under a checksum is damage', (t) => {
  const length = 20
  for (let byte = 0; byte < RecordHeader.bytes + length + 4; byte++) {
    const ring = newRing(CAPACITY, { checksum: true })
    ring.producer.write(1, 2, 3, new Uint8Array(length).fill(7))
    ring.producer.publish()
    // The flag that says that there is one is byte 6.
    ring.memory.bytes[ring.data + byte] = (ring.memory.bytes[ring.data + byte] ?? 0) ^ 0x81
    t.throws(() => readAll(ring), { code: 'ERR_CARILLON_RING_DAMAGED' }, `byte ${byte}`)
  }
})

test('a record that is too short for its checksum is damage', (t) => {
  const ring = newRing()
  ring.producer.write(1, 0, 0, new Uint8Array(3))
  ring.producer.publish()
  ring.memory.data.setUint16(ring.data + RecordHeader.offsets.flags, RECORD_FLAG.CHECKSUM, true)
  t.throws(() => readAll(ring), { code: 'ERR_CARILLON_RING_DAMAGED' })
})

const DAMAGE: Record<string, (ring: Ring) => void> = {
  'a tail that is ahead by more than the capacity': ({ control }) => {
    control.producer.tail = CAPACITY + 16
  },
  'a tail behind the head': ({ control }) => {
    control.producer.tail = 0xfffffff0
  },
  'a tail that is not aligned': ({ control }) => {
    control.producer.tail = 24
  },
  'a record longer than what is published': ({ memory, data }) => {
    memory.data.setUint32(data, 200, true)
  },
  'a record longer than allowed': ({ memory, data, control }) => {
    memory.data.setUint32(data, CAPACITY / 2, true)
    control.producer.tail = CAPACITY
  },
  'a length near 2^32': ({ memory, data }) => {
    memory.data.setUint32(data, 0xfffffff8, true)
  },
  'padding that does not reach the end': ({ memory, data }) => {
    memory.data.setUint16(data + 4, 0, true)
  },
}

for (const [name, damage] of Object.entries(DAMAGE)) {
  test(`damage is an error, not a crash: ${name}`, (t) => {
    const ring = newRing()
    ring.producer.write(1, 0, 0, new Uint8Array(48))
    ring.producer.publish()
    damage(ring)
    t.throws(() => ring.consumer.read(() => t.fail(), 10), { code: 'ERR_CARILLON_RING_DAMAGED' })
    ring.producer.reset()
    ring.consumer.reset()
    t.true(ring.producer.write(1, 0, 7, Uint8Array.of(1)))
    ring.producer.publish()
    t.is(readAll(ring)[0]?.sequence, 7, 'a reset ring works again')
  })
}

test('a head that is ahead of the tail, far behind it or not aligned is an error for the producer', (t) => {
  for (const head of [0x80000000, CAPACITY + 16, 2 ** 32 - CAPACITY - 16, 8]) {
    const ring = newRing()
    ring.control.consumer.head = head
    const fill = () => {
      while (ring.producer.write(1, 0, 0, new Uint8Array(4000)));
    }
    t.throws(fill, { code: 'ERR_CARILLON_RING_DAMAGED' }, `${head}`)
  }
})

test('random damage never reads outside the ring', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat((RingControl.bytes + 1024) / 4 - 1), fc.nat(0xffffffff)), {
        minLength: 1,
        maxLength: 8,
      }),
      (stores) => {
        const ring = newRing()
        for (let index = 0; index < 20; index++) {
          ring.producer.write(1, 0, index, new Uint8Array(32))
        }
        ring.producer.publish()
        for (const [word, value] of stores) {
          ring.memory.words[OFFSET / 4 + word] = value | 0
        }
        try {
          ring.consumer.read((record) => {
            t.true(record.offset >= ring.data)
            t.true(record.offset + record.length <= ring.memory.bytes.byteLength)
          }, 1000)
        } catch (error) {
          t.is((error as { code?: string }).code, 'ERR_CARILLON_RING_DAMAGED')
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('a capacity is a power of two within its limits', (t) => {
  const memory = memoryOver(new Uint8Array(1024 * 1024))
  const make = (capacity: number) => new SpscRingProducer(memory, 0, capacity)
  t.notThrows(() => make(LIMITS.RING_CAPACITY_MIN))
  t.notThrows(() => checkCapacity(LIMITS.RING_CAPACITY_MAX))
  for (const capacity of [
    LIMITS.RING_CAPACITY_MIN / 2,
    24 * 1024,
    0,
    -16384,
    Number.NaN,
    2 ** 31,
    '65536' as unknown as number,
    65536n as unknown as number,
  ]) {
    t.throws(() => make(capacity), { code: 'ERR_CARILLON_ARGUMENT' }, `${capacity}`)
  }
})

test('a ring lies in a Memory, and in nothing else', (t) => {
  const bytes = new Uint8Array(RingControl.bytes + CAPACITY)
  const refused = { code: 'ERR_CARILLON_ARGUMENT', message: /Uint8Array/ }
  for (const wrong of [bytes, bytes.buffer, {}]) {
    t.throws(() => new SpscRingProducer(wrong as never, 0, CAPACITY), refused)
    t.throws(() => new SpscRingConsumer(wrong as never, 0, CAPACITY), refused)
  }
})

test('a ring that does not fit its memory is refused', (t) => {
  const bytes = RingControl.bytes + CAPACITY
  const memory = memoryOver(new Uint8Array(bytes))
  t.notThrows(() => new SpscRingConsumer(memory, 0, CAPACITY))
  t.throws(() => new SpscRingConsumer(memory, 64, CAPACITY), { code: 'ERR_CARILLON_ARGUMENT' })
  t.throws(() => new SpscRingConsumer(memory, 4, CAPACITY), { code: 'ERR_CARILLON_ARGUMENT' })
})
