import test from 'ava'
import { bytesOf, samplesOf } from '../../src/client/float-bytes.ts'

test('samples and bytes are views of each other where they can be', (t) => {
  const samples = new Float32Array([0.5, -1, 1e-40])
  const bytes = bytesOf(samples)
  t.is(Buffer.from(bytes).toString('hex', 0, 8), '0000003f000080bf')
  t.is(samplesOf(bytes).buffer, samples.buffer)
  t.deepEqual(samplesOf(bytes), samples)
})

test('bytes at any place are read', (t) => {
  const bytes = Buffer.from('ff0000003f000080bf', 'hex').subarray(1)
  t.deepEqual([...samplesOf(bytes)], [0.5, -1])
  const part = new Float32Array([0, 0.5, -1]).subarray(1)
  t.is(Buffer.from(bytesOf(part)).toString('hex'), '0000003f000080bf')
})
