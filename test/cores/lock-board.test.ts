import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { lockBoard } from '../../src/cores/lock-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const BUSY = {
  code: 'ERR_CARILLON_BOARD_BUSY',
  message: 'another server has the cores of stand-in',
}

const NOWHERE = '/nowhere'

function makeDevice(t: ExecutionContext): string {
  const device = join(temporaryFolder(t), 'device')
  writeFileSync(device, '')
  return device
}

test('a board has one server at a time', (t) => {
  const device = makeDevice(t)
  const unlock = lockBoard('stand-in', device, NOWHERE)
  t.throws(() => lockBoard('stand-in', device, NOWHERE), BUSY)
  unlock()
  lockBoard('stand-in', device, NOWHERE)()
})

test('two ways to one board are one', (t) => {
  const [driver, memory] = [makeDevice(t), makeDevice(t)]
  const lockByDriver = () => lockBoard('stand-in', driver, memory)
  const unlock = lockBoard('stand-in', memory, memory)
  t.throws(lockByDriver, BUSY)
  unlock()
  const unlockDriver = lockByDriver()
  t.throws(() => lockBoard('stand-in', memory, memory), BUSY)
  t.throws(() => lockBoard('stand-in', driver, NOWHERE), BUSY)
  unlockDriver()
  lockBoard('stand-in', memory, memory)()
  lockBoard('stand-in', driver, NOWHERE)()
})

test('what another process has is free once that process was killed', async (t) => {
  const device = makeDevice(t)
  // In place of the shell that it would start: nothing is left when it is killed.
  const script = 'exec 3<"$1" && flock --exclusive 3 && echo locked && exec cat'
  const other = spawn('sh', ['-c', script, 'sh', device], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  t.throws(() => lockBoard('stand-in', device, NOWHERE), BUSY)
  other.kill('SIGKILL')
  await once(other, 'close')
  t.notThrows(() => lockBoard('stand-in', device, NOWHERE)())
})

test('a device that is not there is an error that says so', (t) => {
  t.throws(() => lockBoard('stand-in', join(temporaryFolder(t), 'none'), NOWHERE), {
    code: 'ERR_CARILLON_BOARD_ACCESS',
    message: /none could not be opened: no such file or directory$/,
  })
})
