import test from 'ava'
import { ringDump } from '../../src/cli/rings-dump.ts'
import type { RingDirection } from '../../src/shm/region-inspector.ts'
import { RingInspector } from '../../src/shm/ring-inspector.ts'
import { COMMAND, LIMITS, RECORD_FLAG, RingControl } from '../../src/shm/shared-mem.ts'
import { SpscRingProducer } from '../../src/shm/spsc-ring-producer.ts'
import { memoryOver } from '../../src/shm/struct-view.ts'

const CAPACITY = LIMITS.RING_CAPACITY_MIN
const DATA = RingControl.bytes

function newRing() {
  const memory = memoryOver(new Uint8Array(DATA + CAPACITY))
  const producer = new SpscRingProducer(memory, 0, CAPACITY, { checksum: true })
  const inspector = new RingInspector(memory, 0, CAPACITY)
  const dump = (payloadBytesMax: number, direction?: RingDirection, copiedBytesMax?: number) => {
    const ring = { core: 2, direction, inspector, problem: undefined }
    return [...ringDump(ring, payloadBytesMax, copiedBytesMax)].join('').split('\n')
  }
  return { memory, producer, dump }
}

test('a record is its head and its bytes, and what was left out of them', (t) => {
  const { memory, producer, dump } = newRing()
  t.deepEqual(dump(16, 'to-core'), ['2 to-core: nothing unread, head and tail at 0', ''])
  producer.write(COMMAND.SAMPLES, 3, 17, Buffer.from('Twenty-four bytes of it.'))
  producer.write(999, 0, 0, Buffer.alloc(0))
  producer.publish()
  const expected = [
    '2 to-core: 80 bytes unread, from 0 to 80; by the counters 2 records',
    '0  SAMPLES, stream 3, sequence 17, 28 bytes, flags CHECKSUM (right)',
    '  00000000  54 77 65 6e 74 79 2d 66  6f 75 72 20 62 79 74 65  |Twenty-four byte|',
    '  12 bytes more',
  ]
  t.deepEqual(dump(16, 'to-core').slice(0, 4), expected)
  t.regex(dump(16, 'to-core')[4] ?? '', /^48 {2}type 999, stream 0, sequence 0, 4 bytes, /)
  t.is(dump(0, 'to-core')[2], '  28 bytes more')
  t.is(dump(28, 'to-core').filter((line) => line.endsWith('more')).length, 0)
  t.true(dump(27, 'to-core').includes('  1 bytes more'))
  t.regex(dump(0, 'from-core')[1] ?? '', /^0 {2}EFFECT_INFO, /, 'each direction has its names')
  t.regex(dump(0)[1] ?? '', /^0 {2}type 5, /)
  memory.bytes[DATA + 20] = 0
  memory.words[DATA / 4 + 1] = COMMAND.SAMPLES | ((RECORD_FLAG.MORE | 4 | 0x8000) << 16)
  t.regex(dump(0, 'to-core')[1] ?? '', /flags MORE CHECKSUM \(WRONG\) 0x8000$/)
})

test('what ends a dump early is its last line', (t) => {
  const { memory, producer, dump } = newRing()
  for (let index = 0; index < 3; index++) producer.write(5, 0, index, new Uint8Array(44))
  producer.publish()
  t.is(dump(0, 'to-core', 64).at(-2), '  128 bytes more are unread: the first 64 were looked at')
  memory.words[DATA / 4 + 16] = 0xffffffff
  t.regex(
    dump(0, 'to-core').at(-2) ?? '',
    /^ {2}damaged: the record at 64 says .*\. Nothing behind it can be told$/,
  )
  const lost = { core: 1, direction: undefined, inspector: undefined, problem: 'no such place' }
  t.deepEqual([...ringDump(lost, 16)], ['1 ?: no such place\n'])
})

test('the end of the ring is told, where records start anew', (t) => {
  const { memory, producer, dump } = newRing()
  for (let index = 0; index < 4; index++) producer.write(5, 0, index, new Uint8Array(4000))
  producer.publish()
  // As its consumer would: room for one more, which does not fit in one piece.
  memory.words[RingControl.offsets.consumer / 4] = 2 * 4032
  t.true(producer.write(5, 0, 4, new Uint8Array(3000)))
  producer.publish()
  t.true(
    dump(0).some((line) => /^16128 {2}PADDING, 240 bytes up to the end of the ring$/.test(line)),
  )
})
