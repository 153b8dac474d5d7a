import test from 'ava'
import fc from 'fast-check'
import { roundUp } from '../../src/shm/layout.ts'
import { MPSC_HEADER_BYTES } from '../../src/shm/mpsc-geometry.ts'
import { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'
import { MPSC_SLOT_BYTES } from '../../src/shm/shared-mem.ts'
import {
  ALL,
  CAPACITY,
  fill,
  type Message,
  newRing,
  readAll,
  reserveAndDie,
  SLOTS,
} from './mpsc-test-ring.ts'

interface Reservation {
  state: 'reserved' | 'claimed' | 'published' | 'padding'
  bytes: number
  message: Message
}

test('whatever producers and consumer do in whatever order, it is as in the model', (t) => {
  const producerIndex = fc.nat(2)
  const length = fc.oneof(fc.nat(CAPACITY / 4 - MPSC_HEADER_BYTES), fc.nat(200))
  const step = fc.oneof(
    fc.record({ claim: producerIndex, length, byte: fc.nat(255) }),
    fc.record({ commit: producerIndex }),
    fc.record({ abort: producerIndex }),
    fc.record({ die: producerIndex }),
    fc.record({ dieReserving: length }),
    fc.record({ read: fc.integer({ min: 1, max: 5 }) }),
    fc.constant({ unblock: true }),
  )
  const start = fc.oneof(fc.nat(SLOTS), fc.integer({ min: 2 ** 26 - 2 * SLOTS, max: 2 ** 26 - 1 }))
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 150 }), (slots, steps) => {
      let tail = slots * MPSC_SLOT_BYTES
      const ring = newRing(tail)
      const producers = [0, 1, 2].map(() => new MpscRingProducer(ring.ring))
      const open: (Reservation | undefined)[] = [undefined, undefined, undefined]
      const queue: Reservation[] = []
      let unblocked = 0
      let refused = 0
      let type = 0
      const padding = (bytes: number): Reservation => ({
        state: 'padding',
        bytes,
        message: { type: 0, payload: new Uint8Array(0) },
      })
      /** The bytes of padding before a record of this length, or undefined where it does not fit. */
      const room = (bytes: number) => {
        const toEnd = CAPACITY - (tail % CAPACITY)
        const before = bytes > toEnd ? toEnd : 0
        const used = queue.reduce((sum, one) => sum + one.bytes, 0)
        return used + before + bytes <= CAPACITY ? before : undefined
      }
      const push = (...reservations: Reservation[]) => {
        for (const one of reservations) tail += one.bytes
        queue.push(...reservations.filter(({ bytes }) => bytes > 0))
      }
      const close = (index: number, state: 'published' | 'padding') => {
        const claim = open[index]
        open[index] = undefined
        const isOurs = claim?.state === 'claimed'
        if (claim !== undefined && isOurs) claim.state = state
        else refused++
        return isOurs
      }
      for (const action of steps) {
        if ('claim' in action) {
          const producer = producers[action.claim]
          if (producer === undefined || open[action.claim] !== undefined) continue
          const bytes = roundUp(MPSC_HEADER_BYTES + action.length, MPSC_SLOT_BYTES)
          const before = room(bytes)
          const at = producer.claim(action.length)
          t.is(at === -1, before === undefined)
          if (before === undefined) continue
          const payload = new Uint8Array(action.length).fill(action.byte)
          ring.ring.bytes.set(payload, at)
          const claim: Reservation = { state: 'claimed', bytes, message: { type: type++, payload } }
          push(padding(before), claim)
          open[action.claim] = claim
        } else if ('commit' in action) {
          const claim = open[action.commit]
          if (claim === undefined) continue
          const isRecord = close(action.commit, 'published')
          t.is(producers[action.commit]?.commit(claim.message.type), isRecord)
        } else if ('abort' in action) {
          if (open[action.abort] === undefined) continue
          close(action.abort, 'padding')
          producers[action.abort]?.abort()
        } else if ('die' in action) {
          open[action.die] = undefined
          producers[action.die] = new MpscRingProducer(ring.ring)
        } else if ('dieReserving' in action) {
          const bytes = roundUp(MPSC_HEADER_BYTES + action.dieReserving, MPSC_SLOT_BYTES)
          const before = room(bytes)
          if (before === undefined) continue
          reserveAndDie(ring, before + bytes)
          push({ ...padding(before + bytes), state: 'reserved' })
        } else if ('read' in action) {
          const expected: Message[] = []
          while (expected.length < action.read) {
            const first = queue[0]
            if (first?.state !== 'published' && first?.state !== 'padding') break
            if (first.state === 'published') expected.push(first.message)
            queue.shift()
          }
          t.deepEqual(readAll(ring, action.read), expected)
        } else {
          const state = queue[0]?.state
          const given = state === 'claimed' || state === 'reserved'
          t.is(ring.consumer.blockedAt !== undefined, given)
          t.is(ring.consumer.unblock(), given)
          if (!given) continue
          unblocked++
          for (const one of queue) {
            if (one.state !== state) break
            one.state = 'padding'
            if (state === 'claimed') break
          }
        }
      }
      const stats = ring.consumer.stats
      t.is(
        stats.usedBytes,
        queue.reduce((sum, one) => sum + one.bytes, 0),
      )
      t.like(stats, { unblocked, refused, overtaken: 0, damaged: 0 })
    }),
    { numRuns: 500 },
  )
})

/** Calls `before` before each access of `run` by Atomics, as if another thread came in between. */
function interrupted(before: () => void, run: () => void): void {
  const { load, compareExchange } = Atomics
  Atomics.load = ((words: Int32Array, index: number) => {
    before()
    return load(words, index)
  }) as typeof Atomics.load
  Atomics.compareExchange = ((words: Int32Array, index: number, from: number, to: number) => {
    before()
    return compareExchange(words, index, from, to)
  }) as typeof Atomics.compareExchange
  try {
    run()
  } finally {
    Object.assign(Atomics, { load, compareExchange })
  }
}

test('what comes between any two steps of a producer or the consumer loses nothing', (t) => {
  let overtaken = 0
  let refused = 0
  fc.assert(
    fc.property(
      fc.array(fc.nat(9), { minLength: 200, maxLength: 800 }),
      fc.nat(SLOTS),
      (choices, slots) => {
        const ring = newRing(2 ** 32 - (slots + 1) * MPSC_SLOT_BYTES)
        const producers = [0, 1, 2].map(() => new MpscRingProducer(ring.ring))
        const sent = [0, 0, 0]
        const received = [0, 0, 0]
        const busy = new Set<string>()
        let at = 0
        const read = () =>
          ring.consumer.read((type, bytes, offset, length) => {
            const from = type % 4
            if (type >>> 2 !== received[from]) t.fail(`a record of ${from} is out of order`)
            received[from] = (type >>> 2) + 1
            for (let i = offset; i < offset + length; i++) {
              if (bytes[i] !== (type & 0xff)) t.fail(`a record of ${from} is damaged`)
            }
          }, ALL)
        const write = (from: number) => {
          const type = ((sent[from] ?? 0) << 2) | from
          const payload = new Uint8Array((type * 97) % 3000).fill(type)
          if (producers[from]?.write(type, payload)) sent[from] = (sent[from] ?? 0) + 1
        }
        /** One after the other from the list; while one is busy, the others come in between. */
        const act = () => {
          const choice = choices[at++]
          if (choice === undefined || choice > 7) return
          const from = choice < 5 ? choice % 3 : -1
          const who = from < 0 ? 'consumer' : `producer ${from}`
          if (busy.has(who)) return
          busy.add(who)
          if (from >= 0) write(from)
          else if (choice === 5) ring.consumer.unblock()
          else read()
          busy.delete(who)
        }
        interrupted(act, () => {
          while (at < choices.length) act()
        })
        read()
        t.deepEqual(received, sent)
        const { stats } = ring.consumer
        t.like(stats, { usedBytes: 0, damaged: 0 })
        overtaken += stats.overtaken
        refused += stats.refused
        t.is(fill(ring), SLOTS)
      },
    ),
    { numRuns: 500 },
  )
  t.true(overtaken > 100 && refused > 100, `only ${overtaken} overtaken, ${refused} refused`)
})

test('a living producer whose reservation was sealed begins anew', (t) => {
  const ring = newRing(CAPACITY - MPSC_SLOT_BYTES)
  const { words, geometry, consumer, producer } = ring
  let isSealed = false
  const seal = () => {
    if (isSealed || words[geometry.tail] === CAPACITY - MPSC_SLOT_BYTES) return
    isSealed = true
    t.true(consumer.unblock())
  }
  interrupted(seal, () => t.true(producer.write(5, new Uint8Array(100).fill(9))))
  t.deepEqual(readAll(ring), [{ type: 5, payload: new Uint8Array(100).fill(9) }])
  t.like(consumer.stats, { overtaken: 1, refused: 0, unblocked: 1 })
})
