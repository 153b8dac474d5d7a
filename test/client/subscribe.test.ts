import { once } from 'node:events'
import test from 'ava'
import { samplesOf } from '../../src/client/float-bytes.ts'
import { connectToFake } from '../support/fake-server.ts'
import { floatBytes } from '../support/wav-bytes.ts'

test('telemetry and the scope arrive as events', async (t) => {
  const { client, peer } = await connectToFake(t)
  await client.subscribe({ telemetry: true, scope: true })
  t.deepEqual({ ...(await peer.got('subscribe')).subscribe }, { telemetry: true, scope: true })

  const told = Promise.all([once(client, 'telemetry'), once(client, 'scope')])
  peer.send({ telemetry: { uptimeS: 1.5, cores: [{ index: 0, blocks: 2 ** 40 }] } })
  const data = floatBytes([0.5, -0.5])
  peer.send({ scope: { source: 'plucked string', sampleRateHz: 48_000, channels: 1, data } })
  const [[telemetry], [scope]] = await told
  t.is(telemetry.uptimeS, 1.5)
  t.is(telemetry.cores[0]?.blocks, 2 ** 40)
  t.deepEqual(telemetry.clients, [])
  t.is(scope.source, 'plucked string')
  t.is(scope.skipped, 0)
  t.deepEqual([...samplesOf(scope.data)], [0.5, -0.5])
})

test('without a choice, nothing is asked for', async (t) => {
  const { client, peer } = await connectToFake(t)
  await client.subscribe({})
  t.deepEqual({ ...(await peer.got('subscribe')).subscribe }, {})
})
