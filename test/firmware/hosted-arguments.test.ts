import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Where the firmware finds the file that it is given. */
const REGION_FD = 3

/** Runs the hosted firmware with a file of these bytes, which it cannot use, to its end. */
function run(t: ExecutionContext, bytes: Uint8Array, ...args: string[]) {
  const path = join(temporaryFolder(t), 'region')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r+')
  const { status, stderr } = spawnSync(HOSTED_FIRMWARE, args, {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    encoding: 'utf8',
  })
  closeSync(fd)
  return { status, stderr }
}

const args = (fd: number, core = 0) => [
  ...['--region', 'the name', '--region-fd', String(fd)],
  ...['--core', String(core), '--doorbell', '0'],
]

test('a file that is too short to be a region is never mapped', (t) => {
  t.deepEqual(run(t, Buffer.alloc(100), ...args(REGION_FD)), {
    status: 1,
    stderr: 'the name: 100 bytes are no shared region\n',
  })
})

test('a descriptor that is not open is an error with the name of the region', (t) => {
  t.deepEqual(run(t, Buffer.alloc(100), ...args(REGION_FD + 100)), {
    status: 1,
    stderr: 'the name: Bad file descriptor\n',
  })
})

test('arguments that are missing, unknown or out of range are told of', (t) => {
  const usage =
    'usage: carillon-core --region FILE --region-fd FD --core INDEX --doorbell FD [--wait FD --ring FD] [--poll]\n'
  for (const wrong of [
    [],
    args(REGION_FD).slice(2),
    args(REGION_FD).slice(0, -1),
    [...args(REGION_FD), '--more', '1'],
    [...args(REGION_FD), '--poll', '1'],
    [...args(REGION_FD), '--wait', '0'],
    [...args(REGION_FD), '--ring', '0'],
    [...args(REGION_FD), '--wait', '0', '--ring', 'x'],
    args(REGION_FD, 4),
    args(-1),
  ]) {
    t.deepEqual(run(t, Buffer.alloc(0), ...wrong), { status: 2, stderr: usage })
  }
})
