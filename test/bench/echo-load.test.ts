import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { LoadResult } from '../../bench/load-process.ts'
import { buildPrograms, builtProgram, REPOSITORY } from '../../bench/programs.ts'
import { refusingPort } from '../support/refusing-port.ts'
import { runProgram } from './program-run.ts'

test.before(() => buildPrograms())

const LOAD = builtProgram('echo_load')

/** A server in this process that does with a chunk what the test wants. */
async function serve(
  t: ExecutionContext,
  onData: (socket: Socket, chunk: Buffer) => void,
): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (chunk) => onData(socket, chunk))
    socket.on('error', () => {})
  })
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}

/** A short load on that server. */
async function load(t: ExecutionContext, port: string, ...args: string[]) {
  const times = ['--warmup-ms', '10', '--duration-ms', '50', '--stall-ms', '1000']
  return await runProgram(t, LOAD, '--port', port, ...times, ...args)
}

test('a load on a server that echoes has figures and no error', async (t) => {
  const port = await serve(t, (socket, chunk) => socket.write(chunk))
  const traffic = ['--connections', '20', '--active', '7', '--depth', '5', '--size', '3000']
  const { code, stdout, stderr } = await load(t, port, ...traffic)
  t.is(stderr, '')
  t.is(code, 0)
  const result = JSON.parse(stdout) as LoadResult & { messages: number; errors: number }
  t.is(result.errors, 0)
  t.true(result.messages > 0 && result.elapsedS >= 0.05)
  t.true(Math.abs(result.messagesPerS - result.messages / result.elapsedS) < 1)
  t.true(Math.abs(result.bytesPerS - result.messagesPerS * 3000) < 3000)
  t.true(0 < result.p50Us && result.p50Us <= result.p99Us && result.p99Us <= result.p999Us)
})

test('it does not matter how what comes back is cut', async (t) => {
  const port = await serve(t, (socket, chunk) => {
    for (let at = 0; at < chunk.length; at += 7) socket.write(chunk.subarray(at, at + 7))
  })
  const { code, stderr } = await load(t, port, '--connections', '3', '--depth', '4', '--size', '50')
  t.deepEqual([code, stderr], [0, ''])
})

/** Echoes, and does something else with one chunk after a while. */
function failingLater(fail: (socket: Socket, chunk: Buffer) => void) {
  let chunks = 0
  return (socket: Socket, chunk: Buffer) => {
    chunks++
    if (chunks === 20) fail(socket, chunk)
    else socket.write(chunk)
  }
}

const failures: Record<string, [(socket: Socket, chunk: Buffer) => void, RegExp]> = {
  'closes at once': [(socket) => socket.end(), /closed connection 1/],
  'closes later': [failingLater((socket) => socket.end()), /closed connection 1/],
  'breaks off': [failingLater((socket) => socket.resetAndDestroy()), /broke connection 1 off/],
  'never answers': [() => {}, /stalled: nothing came back while connecting for 1000 ms/],
  'stops answering': [failingLater(() => {}), /stalled: (nothing|not everything) came back/],
  'answers with another length': [
    failingLater((socket, chunk) => {
      chunk.writeUInt32BE(65)
      socket.write(chunk)
    }),
    /a message of 65 bytes came back, not 64/,
  ],
  'answers with another number': [
    failingLater((socket, chunk) => {
      chunk.writeUInt8(chunk.readUInt8(4) ^ 1, 4)
      socket.write(chunk)
    }),
    /came back as another one/,
  ],
  'answers twice': [
    (socket, chunk) => socket.write(Buffer.concat([chunk, chunk])),
    /(more messages came back than were sent|bytes came that nobody asked for|came back as another one)/,
  ],
  'changes what it answers': [
    (socket, chunk) => {
      chunk.writeUInt8(chunk.readUInt8(40) ^ 1, 40)
      socket.write(chunk)
    },
    /connection 1: message 0 came back changed/,
  ],
}

for (const [what, [onData, message]] of Object.entries(failures)) {
  test(`a server that ${what} is an error`, async (t) => {
    const port = await serve(t, onData)
    // It ends with the failure, long before that.
    const { code, stdout, stderr } = await load(t, port, '--duration-ms', '60000')
    t.is(code, 1)
    t.regex(stderr, message)
    t.deepEqual(JSON.parse(stdout), { event: 'result', errors: 1 })
  })
}

test('changed messages are found while they are many, too', async (t) => {
  let chunks = 0
  const port = await serve(t, (socket, chunk) => {
    if (++chunks > 1) chunk.writeUInt8(chunk.readUInt8(chunk.length - 1) ^ 1, chunk.length - 1)
    socket.write(chunk)
  })
  const { code, stderr } = await load(t, port, '--duration-ms', '60000')
  t.is(code, 1)
  t.regex(stderr, /came back changed/)
})

test('where nobody listens is an error', async (t) => {
  const { code, stderr } = await load(t, String(await refusingPort(t)))
  t.is(code, 1)
  t.regex(stderr, /connection 1 of 1: Connection refused/)
})

test('what it cannot do is said before anything is done', async (t) => {
  for (const [args, message] of [
    [[], /--port N says/],
    [['--port', '0'], /--port takes a whole number from 1 to 65535, not "0"/],
    [['--port', '5x'], /not "5x"/],
    [['--port', '-5'], /not "-5"/],
    [['--port', '5', '--connections', '28001'], /from 1 to 28000/],
    [['--port', '5', '--active', '2'], /--active is at most --connections/],
    [['--port', '5', '--size', '7'], /from 8 to 1048576/],
    [['--port', '5', '--depth', '1025'], /from 1 to 1024/],
    [['--port', '5', '--depth', '1024', '--size', '1048576'], /at most 1024 MiB/],
    [['--port', '5', 'more'], /"more" is not an option/],
    [['--port', '5', '--more'], /unrecognized option '--more'/],
    [['--port', '5', '--server-pid', '0'], /--server-pid takes/],
  ] as const) {
    const { code, stderr } = await runProgram(t, LOAD, ...args)
    t.is(code, 2, args.join(' '))
    t.regex(stderr, message)
  }
})

test('the histogram of latencies is right to a 64th', async (t) => {
  const { code, stderr } = await runProgram(
    t,
    ...(['flock', join(REPOSITORY, 'bench/Makefile')] as const),
    ...['make', '-C', join(REPOSITORY, 'bench'), 'check'],
  )
  t.is(code, 0, stderr)
})
