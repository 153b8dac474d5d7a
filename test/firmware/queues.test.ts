import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ByteQueue } from '../../src/shm/byte-queue.ts'
import { Mapping } from '../../src/shm/mapping.ts'
import { buildFirmwareTool } from '../support/firmware-tool.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MINUTES = 60_000

/** Of a queue that holds three or four messages, so that each side often waits for the other. */
const REGION_BYTES = 1000
const LENGTH_MAX = 400

let builtPeer = ''

/** The command of a side, known once what is in C has been built. */
const LANGUAGES = {
  TypeScript: () => [process.execPath, join(import.meta.dirname, '../shm/queue-peer.js')],
  C: () => [builtPeer],
}

const COUNTS = { messages: 30_000, bytes: 3_000_000 }

test.before('build', async (t) => {
  t.timeout(5 * MINUTES)
  builtPeer = await buildFirmwareTool('queue_peer')
})

/** A file with an empty queue for each direction. */
function createQueues(t: ExecutionContext): { path: string; queues: ByteQueue[] } {
  const path = join(temporaryFolder(t), 'queues')
  writeFileSync(path, new Uint8Array(2 * REGION_BYTES).fill(0xa5))
  const fd = openSync(path, 'r+')
  const regions = new Mapping({ fd, offset: 0, bytes: 2 * REGION_BYTES, writable: true }).bytes
  closeSync(fd)
  const queues = [0, 1].map((index) =>
    ByteQueue.create(regions.subarray(index * REGION_BYTES, (index + 1) * REGION_BYTES)),
  )
  return { path, queues }
}

/**
 * Runs both sides. Returns what each said before it ended, nothing where all was well; where one
 * fails, the other would wait for it and is ended.
 */
function run(t: ExecutionContext, commands: string[][]): Promise<string[]> {
  const peers = commands.map(([program = '', ...args]) =>
    spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] }),
  )
  const endAll = () => {
    for (const peer of peers) peer.kill('SIGKILL')
  }
  t.teardown(endAll)
  return Promise.all(
    peers.map(async (peer) => {
      let words = ''
      peer.stderr.setEncoding('utf8').on('data', (text) => {
        words += text
      })
      const [code, signal] = await once(peer, 'close')
      if (code === 0) return words
      endAll()
      return `${words}exit code ${code}, signal ${signal}`
    }),
  )
}

for (const [kind, count] of Object.entries(COUNTS)) {
  for (const [first, firstCommand] of Object.entries(LANGUAGES)) {
    for (const [second, secondCommand] of Object.entries(LANGUAGES)) {
      test.serial(`${kind} go both ways at once: ${first} and ${second}`, async (t) => {
        // A side that finds nothing for a minute ends by itself.
        t.timeout(10 * MINUTES)
        const { path, queues } = createQueues(t)
        const order = (index: number) =>
          [path, REGION_BYTES, index, kind, count, LENGTH_MAX].map(String)
        const said = await run(t, [
          [...firstCommand(), ...order(0)],
          [...secondCommand(), ...order(1)],
        ])
        t.deepEqual(said, ['', ''])
        t.deepEqual(
          queues.map(({ size }) => size),
          [0, 0],
        )
      })
    }
  }
}

for (const [language, command] of Object.entries(LANGUAGES)) {
  test.serial(`a side that reads something else says so: ${language}`, async (t) => {
    t.timeout(MINUTES)
    const { path, queues } = createQueues(t)
    for (const queue of queues) queue.writeOrFail(Uint8Array.of(1))
    const order = [path, REGION_BYTES, 0, 'bytes', 1, LENGTH_MAX].map(String)
    const [said = ''] = await run(t, [[...command(), ...order]])
    t.regex(said, / is (01|1), not (9e|158)\b.*exit code 1/s)
  })
}
