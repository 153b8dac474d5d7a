import test from 'ava'
import { CarillonClient } from '../../src/client/index.ts'
import { startServer } from '../support/carillon-server.ts'

const CLIENTS = 100
const BLOCKS = 60
const FRAMES = 512

/** A block that no other client sends, at no other time. */
function blockOf(client: number, sequence: number): Float32Array {
  return Float32Array.from({ length: FRAMES }, (_, frame) => client + sequence / 64 + frame / 65536)
}

test('100 clients at once each get their own samples back, in order, none lost', async (t) => {
  const server = await startServer(t)
  const work = async (index: number) => {
    const client = await CarillonClient.connect({ port: server.port, name: `client ${index}` })
    const received: Uint8Array[] = []
    const stream = await client.openStream({
      sampleRateHz: 48_000,
      channels: 1,
      onBlock: ({ sequence, data }) => {
        if (sequence === received.length) received.push(Uint8Array.from(data))
      },
    })
    for (let sequence = 0; sequence < BLOCKS; sequence++) {
      await stream.send(blockOf(index, sequence))
    }
    const summary = await stream.close()
    await client.close()
    return { received, summary }
  }
  const results = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => work(index)))
  for (const [index, { received, summary }] of results.entries()) {
    t.is(summary.blocksOut, BLOCKS)
    t.is(received.length, BLOCKS)
    const right = received.every(
      (data, sequence) =>
        Buffer.compare(data, new Uint8Array(blockOf(index, sequence).buffer)) === 0,
    )
    t.true(right, `client ${index}`)
  }
  t.is(await server.end('SIGINT'), 0)
})
