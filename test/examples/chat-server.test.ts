import test, { type ExecutionContext } from 'ava'
import { RawPeer } from '../reactor/raw-peer.ts'
import { checkRefusals, ExampleProcess } from './example-process.ts'

async function start(t: ExecutionContext) {
  const server = ExampleProcess.run(t, 'chat-server', '--port', '0')
  const { port } = await server.ready()
  return { server, port }
}

/** A client that hears what is said, once the others have been told that it is there. */
async function join(port: number, others: readonly RawPeer[], id: number): Promise<RawPeer> {
  const peer = new RawPeer({ host: '127.0.0.1', port })
  await Promise.all(others.map((other) => heard(other, `* ${id} is here`)))
  await peer.untilConnected()
  return peer
}

async function heard(peer: RawPeer, line: string): Promise<void> {
  await peer.until(() => peer.received.toString().split('\r\n').includes(line))
}

test('what one says the others hear, and not the one that said it', async (t) => {
  const { server, port } = await start(t)
  const one = await join(port, [], 1)
  const two = await join(port, [one], 2)
  const three = await join(port, [one, two], 3)
  two.socket.write('hello\r\nwo')
  two.socket.write('rld\n')
  await Promise.all([one, three].map((peer) => heard(peer, '2: world')))
  two.socket.end()
  await two.untilClosed()
  await Promise.all([one, three].map((peer) => heard(peer, '* 2 has gone')))
  t.is(three.received.toString(), '2: hello\r\n2: world\r\n* 2 has gone\r\n')
  t.is(two.received.toString(), '* 3 is here\r\n')
  for (const peer of [one, three]) peer.socket.end()
  t.is((await server.end()).code, 0)
})

test('a line that is too long is answered, and its client gone', async (t) => {
  const { server, port } = await start(t)
  const one = await join(port, [], 1)
  const two = await join(port, [one], 2)
  two.socket.write(`${'x'.repeat(4096)}\n`)
  await heard(one, `2: ${'x'.repeat(4096)}`)
  two.socket.write(`${'x'.repeat(4097)}\n`)
  await two.untilEnded()
  two.socket.end()
  t.is(two.received.toString(), '* a line has at most 4096 bytes\r\n')
  await heard(one, '* 2 has gone')
  one.socket.end()
  t.is((await server.end('SIGTERM')).code, 0)
})

test('one who does not read holds up nobody, and hears how much was missed', async (t) => {
  const { server, port } = await start(t)
  const slow = await join(port, [], 1)
  const talker = await join(port, [slow], 2)
  const quick = await join(port, [slow, talker], 3)
  slow.socket.pause()
  // More than the buffers of both ends and the server's queue hold.
  const lines = 4000
  for (let line = 1; line <= lines; line++) {
    const text = `${line} `.padEnd(4000, 'x')
    if (!talker.socket.write(`${text}\n`)) {
      await new Promise((resolve) => talker.socket.once('drain', resolve))
    }
  }
  talker.socket.write('that was all\n')
  await heard(quick, '2: that was all')
  slow.socket.resume()
  await heard(slow, '2: that was all')
  const missedOf = () => /\* you missed (\d+) lines/.exec(slow.received.toString())?.[1]
  await slow.until(() => missedOf() !== undefined)
  const missed = Number(missedOf())
  t.true(missed > 0)
  t.is(slow.received.toString().match(/^2: \d+ x/gm)?.length, lines - missed)
  for (const peer of [slow, talker, quick]) peer.socket.end()
  t.is((await server.end()).code, 0)
})

test('a chat that cannot start says why', async (t) => {
  const { port } = await start(t)
  await checkRefusals(t, 'chat-server', [
    [['--port', String(port)], 1, /in use/],
    [['--port', 'five'], 2, /^port is an integer from 0 to 65535, not NaN$/m],
    [['--loud'], 2, /'--loud'/],
  ])
})
