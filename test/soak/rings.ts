import { equal } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EventFd } from '../../src/reactor/event-fd.ts'
import { buildFirmwareTool } from '../support/firmware-tool.ts'
import { ringPairBytes } from '../support/ring-peer.ts'
import type { SoakRun } from '../support/soak.ts'

export const summary =
  'two processes, C or TypeScript, exchange messages of 64 bytes to 60 KiB both ways at once; each is checked'

/** Four of the longest messages. */
const CAPACITY = 256 * 1024
/** Each way, in a round of one pairing; in a short run few. */
const MESSAGES = 1_000_000
const FEW_MESSAGES = 20_000
const FEW_BELOW_MS = 60_000
const TYPESCRIPT = fileURLToPath(new URL('../shm/ring-peer-process.js', import.meta.url))
/** Where the peers find the file, and the eventfds of both sides. */
const [FILE_FD, FIRST_FD, SECOND_FD] = [3, 4, 5]

type Language = 'C' | 'TypeScript'
const PAIRINGS: readonly (readonly [Language, Language])[] = [
  ['C', 'C'],
  ['C', 'TypeScript'],
  ['TypeScript', 'C'],
  ['TypeScript', 'TypeScript'],
]

export async function soak(run: SoakRun): Promise<void> {
  const end = performance.now() + run.durationMs
  const count = run.durationMs < FEW_BELOW_MS ? FEW_MESSAGES : MESSAGES
  const program = await buildFirmwareTool('ring_peer')
  const folder = mkdtempSync(join(tmpdir(), 'carillon-rings-'))
  run.teardown(() => rmSync(folder, { recursive: true, force: true }))
  let messages = 0
  do {
    for (const pairing of PAIRINGS) {
      await exchange(run, join(folder, 'rings'), program, pairing, count)
      messages += 2 * count
      run.progress(`${messages} messages, all right: ${pairing.join(' and ')} were the last`)
    }
  } while (performance.now() < end)
}

async function exchange(
  run: SoakRun,
  path: string,
  program: string,
  pairing: readonly [Language, Language],
  count: number,
): Promise<void> {
  const file = openSync(path, 'w+')
  const bells = [EventFd.create(), EventFd.create()]
  try {
    ftruncateSync(file, ringPairBytes(CAPACITY))
    const fds = bells.map(({ fd }) => fd)
    const peers = pairing.map((language, side) => {
      const bellFds = side === 0 ? [FIRST_FD, SECOND_FD] : [SECOND_FD, FIRST_FD]
      const args = [FILE_FD, CAPACITY, side, count, ...bellFds].map(String)
      const [command, ...before] =
        language === 'C' ? [program] : [process.execPath, '--enable-source-maps', TYPESCRIPT]
      const peer = spawn(command ?? '', [...before, ...args], {
        stdio: ['ignore', 'inherit', 'inherit', file, ...fds],
      })
      run.teardown(() => peer.kill('SIGKILL'))
      return peer
    })
    const ends = await Promise.all(
      peers.map(async (peer, side) => {
        const [code] = await once(peer, 'exit')
        // Where one has failed the other would wait for ever.
        if (code !== 0) peers[1 - side]?.kill('SIGKILL')
        return code
      }),
    )
    equal(ends.join(), '0,0', `${pairing.join(' and ')}: exit codes`)
  } finally {
    closeSync(file)
    for (const bell of bells) bell.close()
  }
}
