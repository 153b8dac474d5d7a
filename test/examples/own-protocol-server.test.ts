import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { RawPeer } from '../reactor/raw-peer.ts'
import { frames, pattern } from '../reactor/recording-engine.ts'

const PROGRAM = fileURLToPath(new URL('../../examples/own-protocol-server.js', import.meta.url))

const ME_TOO = frames('me too')

function run(t: ExecutionContext, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args])
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

/** The server, once it listens, and its port. */
async function start(t: ExecutionContext): Promise<{ child: ChildProcess; port: number }> {
  const child = run(t, '--port', '0')
  if (child.stdout === null) throw new Error('the output is not a pipe')
  const [line] = await once(createInterface(child.stdout), 'line')
  const port = /^Listening on 127\.0\.0\.1:(\d+)\./.exec(line)?.[1]
  return { child, port: Number(port) }
}

async function exitOf(child: ChildProcess): Promise<(number | string | null)[]> {
  return child.exitCode === null ? await once(child, 'exit') : [child.exitCode, null]
}

test('what one client says, every client hears', async (t) => {
  const { child, port } = await start(t)
  const peers = [0, 1].map(() => new RawPeer({ host: '127.0.0.1', port }))
  const [one, two] = peers as [RawPeer, RawPeer]
  two.socket.write(frames('I am here'))
  await two.untilReceived(frames('I am here'))
  // Behind the first message of its own, so that it is heard to be there.
  one.socket.write(ME_TOO)
  await two.untilReceived(frames('I am here', 'me too'))
  // It may have heard the first one as well.
  await one.until(() => one.received.subarray(-ME_TOO.length).equals(ME_TOO))
  const { length } = one.received
  const sent = frames('', 'cut', pattern(4096), 'anywhere')
  for (let position = 0; position < sent.length; position += 7) {
    one.socket.write(sent.subarray(position, position + 7))
  }
  await two.untilReceived(Buffer.concat([frames('I am here', 'me too'), sent]))
  await one.until(() => one.receivedBytes === length + sent.length)
  t.deepEqual(one.received.subarray(-sent.length), sent)

  child.stdin?.write('\n')
  for (const peer of peers) {
    await peer.untilEnded()
    peer.socket.end()
  }
  t.deepEqual(await exitOf(child), [0, null])
})

test('a client that does not keep to the protocol is disconnected, and only that one', async (t) => {
  const { child, port } = await start(t)
  const good = new RawPeer({ host: '127.0.0.1', port })
  const bad = new RawPeer({ host: '127.0.0.1', port })
  bad.socket.write(Buffer.from([0x10, 0x01, 0x00]))
  await bad.untilEnded()
  bad.socket.end()
  good.socket.write(frames('still here'))
  await good.untilReceived(frames('still here'))
  good.socket.destroy()
  child.stdin?.end()
  t.deepEqual(await exitOf(child), [0, null])
})

test('Ctrl-C stops the server', async (t) => {
  const { child } = await start(t)
  child.kill('SIGINT')
  t.deepEqual(await exitOf(child), [0, null])
})

test('a server that cannot start says so', async (t) => {
  const { port } = await start(t)
  for (const [value, reason] of [
    [String(port), /address already in use/],
    ['65536', /port is an integer from 0 to 65535, not 65536/],
    ['five', /not NaN/],
  ] as const) {
    const child = run(t, '--port', value)
    let output = ''
    child.stderr?.on('data', (chunk) => {
      output += chunk
    })
    await once(child, 'close')
    t.is(child.exitCode, 255)
    t.regex(output, /^Could not start server\n/)
    t.regex(output, reason)
  }
})
