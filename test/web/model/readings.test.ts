import test from 'ava'
import { readScope, readTelemetry, readWelcome } from '../../../web/model/readings.ts'

test('what has its default is not on the wire, and is read all the same', (t) => {
  t.deepEqual(readWelcome({}), { server: '', session: 0 })
  t.deepEqual(readTelemetry({}), { uptimeS: 0, cores: [], clients: [], clientCount: 0 })
  const { cores, clients } = readTelemetry({ cores: [{ rings: [{}] }], clients: [{}] })
  t.is(cores[0]?.state, '')
  t.is(cores[0]?.blocks, 0)
  t.is(cores[0]?.rings[0]?.usedBytes, 0)
  t.is(clients[0]?.bytesIn, 0)
})

test('samples are read wherever they lie in the message', (t) => {
  const samples = Float32Array.of(0.5, -0.5, 0.25, -0.25)
  const message = new Uint8Array(3 + samples.byteLength)
  message.set(new Uint8Array(samples.buffer), 3)
  const scope = { source: 'a', sampleRateHz: 48_000, channels: 2, data: message.subarray(3) }
  t.deepEqual(readScope(scope), {
    ...{ source: 'a', sampleRateHz: 48_000, channels: 2, skipped: 0, dropped: 0 },
    samples,
  })
})

test('a frame that is not whole is left out', (t) => {
  const data = new Uint8Array(8 + 5)
  t.is(readScope({ sampleRateHz: 1, channels: 2, data })?.samples.length, 2)
})

test('a piece that cannot be played is none', (t) => {
  t.is(readScope({}), undefined)
  t.is(readScope({ sampleRateHz: 48_000 }), undefined)
  t.is(readScope({ channels: 1, data: new Uint8Array(4) }), undefined)
})
