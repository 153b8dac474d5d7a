import { statSync } from 'node:fs'
import test from 'ava'
import { CarillonClient } from '../../src/client/carillon-client.ts'
import { CarillonServer, type CarillonServerOptions } from '../../src/server/carillon-server.ts'
import { coreProcesses } from '../support/core-processes.ts'
import { floatBytes } from '../support/wav-bytes.ts'

const ways: Record<string, Omit<CarillonServerOptions, 'port'>> = {
  epoll: { transport: 'epoll' },
  net: { transport: 'net' },
  'busy-polling': { busyPollUs: 200 },
  'a core that polls': { corePolls: true },
  'both that poll': { busyPollUs: 1000, corePolls: true },
}

for (const [what, options] of Object.entries(ways)) {
  // One after the other: those that poll would take the processors from each other.
  test.serial(`blocks go there and back, and nothing is left behind: ${what}`, async (t) => {
    const server = await CarillonServer.start({ port: 0, ...options })
    t.teardown(() => server.stop())
    const { port, regionPath } = server
    t.is(coreProcesses(regionPath).length, options.cores ?? 1)
    const client = await CarillonClient.connect({ port })
    const stream = await client.openStream({ sampleRateHz: 48_000, channels: 1 })
    const sent = Float32Array.from({ length: 64 }, (_, i) => i / 64)
    const received = stream[Symbol.asyncIterator]()
    for (let block = 0; block < 20; block++) {
      await stream.send(sent)
      const { value } = await received.next()
      t.deepEqual(Uint8Array.from(value?.data ?? []), floatBytes(sent))
    }
    await client.close()
    await server.stop()
    t.deepEqual(coreProcesses(regionPath), [])
    t.throws(() => statSync(regionPath), { code: 'ENOENT' })
  })
}

for (const transport of ['epoll', 'net'] as const) {
  test(`blocks for which a ring has no room come back whole and in order: ${transport}`, async (t) => {
    const server = await CarillonServer.start({ port: 0, transport })
    t.teardown(() => server.stop())
    const client = await CarillonClient.connect({ port: server.port })
    t.teardown(() => client.close())
    const blocks = 60
    const samples = 4096
    const blockOf = (stream: number, sequence: number) =>
      Float32Array.from({ length: samples }, (_, i) => stream * 1000 + sequence + i / samples)
    const streams = await Promise.all(
      [1, 2].map(async (name) => {
        let right = 0
        const stream = await client.openStream({
          ...{ sampleRateHz: 48_000, channels: 1 },
          onBlock: ({ sequence, data, lost }) => {
            const isRight = Buffer.from(floatBytes(blockOf(name, sequence))).equals(data)
            if (isRight && lost === 0 && sequence === right) right++
          },
        })
        return { name, stream, right: () => right }
      }),
    )
    // All at once, in turn, one stream three blocks ahead of the other.
    const sending: Promise<void>[] = []
    for (let sequence = 0; sequence < blocks + 3; sequence++) {
      for (const { name, stream } of streams) {
        const own = name === 1 ? sequence : sequence - 3
        if (own >= 0 && own < blocks) sending.push(stream.send(blockOf(name, own)))
      }
    }
    await Promise.all(sending)
    for (const { stream, right } of streams) {
      const { blocksIn } = await stream.close()
      t.deepEqual([blocksIn, right()], [blocks, blocks])
    }
  })
}

test('options that do not go together, or are out of range, start nothing', async (t) => {
  for (const options of [
    { transport: 'net', busyPollUs: 1 },
    { busyPollUs: 1001 },
    { busyPollUs: -1 },
    { core: 'virt', corePolls: true },
    { core: 'raspi3', corePolls: true },
  ] as const) {
    await t.throwsAsync(CarillonServer.start({ port: 0, ...options }), {
      code: 'ERR_CARILLON_ARGUMENT',
    })
  }
})
