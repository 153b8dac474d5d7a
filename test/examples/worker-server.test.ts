import test from 'ava'
import { RawPeer } from '../reactor/raw-peer.ts'
import { checkRefusals, ExampleProcess } from './example-process.ts'

test('threads answer, each client what it asked', async (t) => {
  const server = ExampleProcess.run(t, 'worker-server', '--port', '0', '--threads', '3')
  const { port } = await server.ready()
  const peers = Array.from({ length: 4 }, () => new RawPeer({ host: '127.0.0.1', port }))
  // More questions than are taken at a time.
  const known = [
    [0, 0],
    [1, 0],
    [2, 1],
    [100, 25],
    [1000, 168],
    [100_000, 9592],
    [1_000_000, 78_498],
  ] as const
  const asked = peers.map((_, at) => [...known, ...known, ...known].slice(at))
  for (const [at, peer] of peers.entries()) {
    peer.socket.write(asked[at]?.map(([number]) => `${number}\n`).join('') ?? '')
  }
  for (const [at, peer] of peers.entries()) {
    const expected = asked[at]?.map(([number, primes]) => `${primes} primes up to ${number}`) ?? []
    const lines = () => peer.received.toString().split('\n').slice(0, -1)
    await peer.until(() => lines().length >= expected.length)
    t.deepEqual(lines().sort(), expected.sort())
  }
  for (const line of ['20000001', '-1', 'many', '']) peers[0]?.socket.write(`${line}\n`)
  const please = 'a whole number up to 20000000, please\n'
  await peers[0]?.until(() => peers[0]?.received.toString().endsWith(please.repeat(4)) ?? false)
  // The answer of this one comes when it has gone, if at all.
  peers[1]?.socket.write('20000000\n')
  for (const peer of peers) peer.socket.end()
  t.is((await server.end()).code, 0)
})

test('a server that cannot start says why', async (t) => {
  const { port } = await ExampleProcess.run(t, 'worker-server', '--port', '0').ready()
  await checkRefusals(t, 'worker-server', [
    [['--port', String(port)], 1, /in use/],
    [['--port=-1'], 2, /^port is an integer from 0 to 65535, not -1$/m],
    [['--threads', '0'], 2, /^--threads is 1 to 64, not "0"$/m],
    [['--threads', '65'], 2, /^--threads is 1 to 64, not "65"$/m],
  ])
})
