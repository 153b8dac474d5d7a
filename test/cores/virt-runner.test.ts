import { once } from 'node:events'
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { VIRT_FIRMWARE } from '../../src/cores/virt-firmware.ts'
import { VirtRunner, type VirtRunnerOptions } from '../../src/cores/virt-runner.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { virtTest } from '../support/needs-virt.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What starts cores 0 and 1 of a region, and ends their machine after the test. */
function runnerFor(t: ExecutionContext, options: Partial<VirtRunnerOptions> = {}): VirtRunner {
  const region = SharedRegion.create(join(temporaryFolder(t), 'region'), { cores: 2 })
  const runner = new VirtRunner({ region, ...options })
  t.teardown(async () => {
    await runner.end()
    region.remove()
  })
  return runner
}

virtTest('cores that are wanted at once are those of one machine', async (t) => {
  const runner = runnerFor(t)
  const cores = await Promise.all([runner.start(0), runner.start(1)])
  t.is(new Set(cores).size, 2)
  t.is(new Set(cores.map(({ pid }) => pid)).size, 1)
  await t.throwsAsync(runner.start(2), { code: 'ERR_CARILLON_ARGUMENT' })
})

virtTest('a core that is wanted again begins anew in the same machine', async (t) => {
  const runner = runnerFor(t)
  const [first, second] = await Promise.all([runner.start(0), runner.start(1)])
  const exit = once(second, 'exit')
  const others: unknown[] = []
  first.once('exit', (how) => others.push(how))
  const again = await runner.start(1)
  await exit
  t.not(again, second)
  t.is(again.pid, first.pid)
  t.deepEqual(others, [])
})

virtTest('where a machine stands still, another is started, and its cores say why', async (t) => {
  const runner = runnerFor(t, { restartTimeoutMs: 200 })
  const [first, second] = await Promise.all([runner.start(0), runner.start(1)])
  process.kill(first.pid, 'SIGSTOP')
  const exits = [once(first, 'exit'), once(second, 'exit')]
  const again = await runner.start(1)
  t.not(again.pid, first.pid)
  const [[lost]] = [await exits[0]] as [[{ stderr: string }]]
  t.is(lost.stderr, 'core 1 did not begin anew, and so its machine had to')
  await exits[1]
  t.is((await runner.start(0)).pid, again.pid)
})

virtTest('cores that are wanted again at once from a machine that stands still', async (t) => {
  const runner = runnerFor(t, { restartTimeoutMs: 200 })
  const [first] = await Promise.all([runner.start(0), runner.start(1)])
  process.kill(first.pid, 'SIGSTOP')
  const again = await Promise.all([runner.start(0), runner.start(1)])
  t.is(new Set(again.map(({ pid }) => pid)).size, 1)
  t.not(again[0].pid, first.pid)
})

virtTest('after a machine has ended, the next start is one of another machine', async (t) => {
  const runner = runnerFor(t)
  const first = await runner.start(0)
  const exit = once(first, 'exit')
  process.kill(first.pid, 'SIGKILL')
  await exit
  // Nobody had this one.
  const second = await runner.start(1)
  t.not(second.pid, first.pid)
  await runner.end()
  t.not((await runner.start(1)).pid, second.pid)
})

virtTest('a machine that could not be started is tried again', async (t) => {
  const firmware = join(temporaryFolder(t), 'firmware.elf')
  const runner = runnerFor(t, { firmware })
  for (const core of [0, 1]) {
    await t.throwsAsync(runner.start(core), { code: 'ERR_CARILLON_FIRMWARE_MISSING' })
  }
  symlinkSync(VIRT_FIRMWARE, firmware)
  t.is((await runner.start(0)).kind, 'virt')
})

virtTest('machines run what was loaded, whatever becomes of the file', async (t) => {
  const firmware = join(temporaryFolder(t), 'firmware.elf')
  copyFileSync(VIRT_FIRMWARE, firmware)
  const runner = runnerFor(t, { firmware })
  const loaded = await runner.load()
  t.is(loaded.path, firmware)
  writeFileSync(firmware, 'no firmware')
  t.is((await runner.start(0)).kind, 'virt')
  await t.throwsAsync(runner.load(), { code: 'ERR_CARILLON_ELF' })
  await runner.end()
  t.is((await runner.start(0)).kind, 'virt', 'what could not be loaded has changed nothing')
  loaded.undo()
  await runner.end()
  await t.throwsAsync(runner.start(0), { code: 'ERR_CARILLON_ELF' })
})
