import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { CarillonClient } from '../../src/client/carillon-client.ts'
import { errorCode } from '../../src/errors.ts'
import { MAIN } from '../support/carillon-command.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Starts `carillon serve` with its log going to an open file. It does not outlive the test. */
function serve(t: ExecutionContext, port: number, log: number) {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', String(port), '--no-console'], {
    stdio: ['ignore', log, 'ignore'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  return { child, exit: once(child, 'exit') }
}

/** Resolves once the server on this port has answered a client. */
async function isServed(port: number): Promise<void> {
  for (;;) {
    try {
      const client = await CarillonClient.connect({ host: '127.0.0.1', port })
      await client.close()
      return
    } catch (error) {
      if (errorCode(error) !== 'ERR_CARILLON_CONNECT') throw error
      await setImmediate()
    }
  }
}

/** A client that is refused, which the log has a line about. */
async function refused(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(Buffer.alloc(30, 0xff))
  socket.resume()
  await once(socket, 'close')
}

/** Does `io` until the pipe is full, or empty. */
function untilBlocked(io: () => void): void {
  try {
    for (;;) io()
  } catch (error) {
    if (errorCode(error) !== 'EAGAIN') throw error
  }
}

test('a full disk under the log stops neither the service nor its end', async (t) => {
  const log = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(log))
  const port = await freePort()
  const { child, exit } = serve(t, port, log)
  await isServed(port)
  await refused(port)
  await isServed(port)
  child.kill('SIGTERM')
  t.deepEqual(await exit, [0, null])
})

test('a full pipe that nobody reads stops nobody, and what was lost is told once it is read', async (t) => {
  const path = join(temporaryFolder(t), 'pipe')
  execFileSync('mkfifo', [path])
  const mine = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const log = openSync(path, 'w')
  for (const fd of [mine, log]) t.teardown(() => closeSync(fd))
  const port = await freePort()
  const { child, exit } = serve(t, port, log)
  await isServed(port)

  const empty = Buffer.alloc(4096, '\n')
  untilBlocked(() => writeSync(mine, empty))
  untilBlocked(() => writeSync(mine, empty, 0, 1))
  await refused(port)
  await isServed(port)

  const read = () => {
    const chunks: Buffer[] = []
    untilBlocked(() => {
      const chunk = Buffer.alloc(65_536)
      chunks.push(chunk.subarray(0, readSync(mine, chunk)))
    })
    const lines = Buffer.concat(chunks).toString().split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
  }
  t.is(read()[0]?.event, 'ready')
  child.kill('SIGTERM')
  t.deepEqual(await exit, [0, null])
  const [note, ...last] = read()
  t.like(note, { level: 40, msg: 'lines of the log were lost' })
  t.true(note.lost >= 1)
  // Before these, that a client has gone may come late.
  t.deepEqual(
    last.slice(-2).map(({ msg }) => msg),
    ['stopping', 'the server has stopped'],
  )
})
