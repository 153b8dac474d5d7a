import test from 'ava'
import { flatImage } from '../../src/cores/flat-image.ts'

test('a flat image has each segment at its address, and zeros between', (t) => {
  const segments = [
    { physicalAddress: 0x1004n, bytes: Uint8Array.of(5, 6) },
    { physicalAddress: 0x1000n, bytes: Uint8Array.of(1) },
    { physicalAddress: 0x1009n, bytes: new Uint8Array(0) },
  ]
  t.deepEqual([...flatImage(0x1000n, segments)], [1, 0, 0, 0, 5, 6, 0, 0, 0])
  t.deepEqual([...flatImage(0xffen, segments)].slice(0, 3), [0, 0, 1])
  t.deepEqual([...flatImage(0n, [])], [])
})
