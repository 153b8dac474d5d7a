import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import test, { type ExecutionContext } from 'ava'
import { CONTENDERS } from '../../bench/echo/contenders.ts'
import { buildPrograms, builtProgram } from '../../bench/programs.ts'
import { RawPeer } from '../reactor/raw-peer.ts'
import { pattern } from '../reactor/recording-engine.ts'
import { needsTool } from '../support/needs-tool.ts'
import { runProgram } from './program-run.ts'

test.before(() => buildPrograms())

const asioTest = needsTool(test, '/usr/include/asio.hpp', 'apt-get install libasio-dev')

function frames(...messages: Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(message.length)
      return [length, message]
    }),
  )
}

async function start(t: ExecutionContext, command: readonly string[]): Promise<number> {
  const [file = '', ...args] = [...command, '--port', '0']
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  if (child.stdout === null) throw new Error('the output is not a pipe')
  const [line] = await once(createInterface(child.stdout), 'line')
  const { event, port } = JSON.parse(line)
  t.is(event, 'ready')
  return port
}

function connectTo(t: ExecutionContext, port: number): RawPeer {
  const peer = new RawPeer({ host: '127.0.0.1', port })
  t.teardown(() => peer.socket.destroy())
  return peer
}

for (const { name, isOurs, command } of CONTENDERS) {
  if (isOurs) continue
  const declare: typeof asioTest = name === 'asio' ? asioTest : test

  declare(`${name}: every message comes back, however the stream is cut`, async (t) => {
    const peer = connectTo(t, await start(t, command))
    const cut = frames(Buffer.alloc(0), pattern(1), pattern(64), pattern(300))
    for (let at = 0; at < cut.length; at += 3) peer.socket.write(cut.subarray(at, at + 3))
    // Larger than any buffer, with small ones before and behind.
    const rest = frames(pattern(5), pattern(1_500_000), pattern(7), pattern(300_000), pattern(2))
    peer.socket.write(rest)
    await peer.untilReceived(Buffer.concat([cut, rest]))
    t.is(peer.receivedBytes, cut.length + rest.length)
  })

  declare(`${name}: a client that does not read gets everything when it does`, async (t) => {
    const port = await start(t, command)
    const slow = connectTo(t, port)
    slow.socket.pause()
    // More than the buffers of all sockets between hold.
    const sent = frames(...Array.from({ length: 400 }, (_, i) => pattern(60_000 + i)))
    slow.socket.write(sent)
    // Somebody else is served meanwhile.
    const other = connectTo(t, port)
    other.socket.write(frames(pattern(10)))
    await other.untilReceived(frames(pattern(10)))
    slow.socket.resume()
    await slow.untilReceived(sent)
    t.is(slow.receivedBytes, sent.length)
  })

  declare(`${name}: a frame that is too long ends its connection, and no other`, async (t) => {
    const port = await start(t, command)
    const [bad, good] = [connectTo(t, port), connectTo(t, port)]
    bad.socket.write(Buffer.from([0x01, 0x00, 0x00, 0x01]))
    await bad.untilEnded()
    t.is(bad.receivedBytes, 0)
    good.socket.write(frames(pattern(64)))
    await good.untilReceived(frames(pattern(64)))
  })
}

test('a compiled server that is called wrongly says how it is called', async (t) => {
  for (const args of [[], ['--port'], ['--port', 'x'], ['--port', '65536'], ['--prot', '1']]) {
    const { code, stderr } = await runProgram(t, builtProgram('epoll_echo'), ...args)
    t.is(code, 2)
    t.regex(stderr, /--port/)
  }
})
