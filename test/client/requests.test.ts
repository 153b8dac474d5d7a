import { once } from 'node:events'
import test from 'ava'
import type { ClientMessage } from '../../proto/messages.ts'
import { connectToFake } from '../support/fake-server.ts'

test('describe tells what the cores can do', async (t) => {
  const { client } = await connectToFake(t)
  const { effects } = await client.describe()
  t.is(effects[0]?.name, 'gain')
  t.like(effects[0]?.parameters[0], { name: 'db', unit: 'dB', min: -120, max: 24, required: true })
  t.is(effects[0]?.parameters[0]?.maxValues, 0)
})

test('answers find their requests, in whatever order they come', async (t) => {
  const asked: number[] = []
  const { client } = await connectToFake(t, {
    onMessage: (message, peer) => {
      if (!message.describe) return false
      asked.push(message.request ?? 0)
      if (asked.length < 3) return true
      for (const request of asked.reverse()) {
        peer.send({ request, description: { effects: [{ name: `effect ${request}` }] } })
      }
      return true
    },
  })
  const answers = await Promise.all([client.describe(), client.describe(), client.describe()])
  const names = answers.map(({ effects }) => effects[0]?.name)
  t.deepEqual(
    names,
    asked.sort((a, b) => a - b).map((request) => `effect ${request}`),
  )
})

test('an error answers its own request, and the connection goes on', async (t) => {
  const error = { code: 'ERR_CARILLON_LIMIT', message: 'Only four streams.' }
  const { client } = await connectToFake(t, {
    onMessage: (message, peer) => {
      if (!message.openStream) return false
      peer.send({ request: message.request ?? 0, error })
      return true
    },
  })
  await t.throwsAsync(() => client.openStream({ sampleRateHz: 48_000, channels: 1 }), {
    ...{ code: error.code, message: error.message, name: 'RemoteError' },
  })
  t.is((await client.describe()).effects.length, 1)
})

test('a slow answer is a timeout; when it comes, nothing else is disturbed', async (t) => {
  const fake = { onMessage: ({ body }: ClientMessage) => body === 'describe' }
  const { client, peer } = await connectToFake(t, fake, { requestTimeoutMs: 500 })
  await t.throwsAsync(() => client.describe(), {
    ...{ code: 'ERR_CARILLON_TIMEOUT', message: /did not answer within 500 ms/ },
  })
  peer.behave(await peer.got('describe'))
  await t.notThrowsAsync(() => client.subscribe({}))
})

test('a stream that is opened too late is closed again', async (t) => {
  const fake = { onMessage: ({ body }: ClientMessage) => body === 'openStream' }
  const { client, peer } = await connectToFake(t, fake, { requestTimeoutMs: 30 })
  await t.throwsAsync(() => client.openStream({ sampleRateHz: 48_000, channels: 1 }), {
    code: 'ERR_CARILLON_TIMEOUT',
  })
  peer.behave(await peer.got('openStream'))
  t.is((await peer.got('closeStream')).closeStream?.stream, 1)
})

test('a connection that is lost rejects every request', async (t) => {
  const { client, peer } = await connectToFake(t, {
    onMessage: ({ describe }) => Boolean(describe),
  })
  const over = once(client, 'close')
  const asked = [client.describe(), client.describe()]
  await peer.got('describe')
  peer.socket.destroy()
  for (const request of asked) {
    await t.throwsAsync(request, {
      ...{ code: 'ERR_CARILLON_DISCONNECTED', message: /was closed by the server$/ },
    })
  }
  t.like((await over)[0], { code: 'ERR_CARILLON_DISCONNECTED' })
  await t.throwsAsync(() => client.describe(), { code: 'ERR_CARILLON_DISCONNECTED' })
})

test('a connection that is reset says so', async (t) => {
  const { client, peer } = await connectToFake(t, {
    onMessage: ({ describe }) => Boolean(describe),
  })
  const asked = client.describe()
  await peer.got('describe')
  peer.socket.resetAndDestroy()
  await t.throwsAsync(asked, {
    ...{ code: 'ERR_CARILLON_DISCONNECTED', message: /was lost: connection reset by peer/ },
  })
})

test('a fatal error is why everything ends', async (t) => {
  const error = { code: 'ERR_CARILLON_LIMIT', message: 'Enough.', fatal: true }
  const { client, peer } = await connectToFake(t, {
    onMessage: ({ describe }) => Boolean(describe),
  })
  const asked = client.describe()
  await peer.got('describe')
  peer.send({ error })
  await t.throwsAsync(asked, { code: error.code, message: error.message })
  await peer.closed
})

test('an error that belongs to nothing is told, and the connection goes on', async (t) => {
  const { client, peer } = await connectToFake(t)
  const told = once(client, 'serverError')
  peer.send({ error: { code: 'ERR_CARILLON_ODD', message: 'Just so you know.' } })
  t.like((await told)[0], { code: 'ERR_CARILLON_ODD', message: 'Just so you know.', fatal: false })
  await t.notThrowsAsync(() => client.describe())
})

test('closing rejects what is not finished, and can be done twice', async (t) => {
  const { client, peer } = await connectToFake(t, {
    onMessage: ({ describe }) => Boolean(describe),
  })
  const asked = client.describe()
  await Promise.all([client.close(), client.close()])
  await t.throwsAsync(asked, {
    ...{ code: 'ERR_CARILLON_DISCONNECTED', message: /was closed by this side/ },
  })
  await peer.closed
  await client.close()
})

test('closing does not wait for a server that keeps its side open', async (t) => {
  const { client, peer } = await connectToFake(t)
  peer.socket.pause()
  await client.close()
  t.pass()
})

test('a message longer than the server takes is refused here', async (t) => {
  const { client } = await connectToFake(t)
  const effects = [{ name: 'fir', parameters: { taps: new Float64Array(200_000) } }]
  await t.throwsAsync(() => client.openStream({ sampleRateHz: 48_000, channels: 1, effects }), {
    ...{ code: 'ERR_CARILLON_ARGUMENT', message: /at most 1048576 bytes, this one has 16000\d\d/ },
  })
  await t.notThrowsAsync(() => client.describe())
})

test('a client cannot pile up requests without end', async (t) => {
  const { client } = await connectToFake(t, { onMessage: ({ describe }) => Boolean(describe) })
  for (let i = 0; i < 1000; i++) void client.describe()
  await t.throwsAsync(() => client.describe(), { code: 'ERR_CARILLON_ARGUMENT' })
})

test('an answer to what was never asked ends the connection', async (t) => {
  const { client, peer } = await connectToFake(t)
  const over = once(client, 'close')
  peer.send({ request: 99, subscribed: {} })
  t.like((await over)[0], { code: 'ERR_CARILLON_PROTOCOL' })
})

test('an unasked answer ends the connection, an unknown message does not', async (t) => {
  const { client, peer } = await connectToFake(t)
  peer.send({})
  await t.notThrowsAsync(() => client.describe())
  const over = once(client, 'close')
  peer.send({ description: {} })
  const [reason] = await over
  t.is(reason.code, 'ERR_CARILLON_PROTOCOL')
  t.regex(reason.message, /sent description unasked/)
})
