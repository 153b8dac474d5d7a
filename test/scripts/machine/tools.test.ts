import test from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { requireMachineTools, runMachineTool, toolPath } = await importScript<{
  requireMachineTools(names: string[], path?: string, asRoot?: boolean): void
  runMachineTool(folder: string, command: string, args: string[], failure: object): string
  toolPath(path: string): string
}>('machine/tools.mjs')

test('every tool that is missing is named, with the command that installs them all', (t) => {
  const nowhere = temporaryFolder(t)
  t.throws(() => requireMachineTools(['dtc', 'fdtget', 'mke2fs'], nowhere, false), {
    message:
      'not found in PATH: dtc (it compiles the device tree), fdtget (it reads device trees), mke2fs (it makes the disks); to install: sudo apt-get install device-tree-compiler e2fsprogs [ERR_CARILLON_MACHINE_TOOL]',
  })
  t.throws(() => requireMachineTools(['cpio'], nowhere, true), {
    message: /to install: apt-get install cpio /,
  })
})

test('a tool is also where only root looks', (t) => {
  t.is(toolPath('/usr/bin'), '/usr/bin:/usr/sbin:/sbin')
})

test('nothing is said of tools that are there', (t) => {
  t.notThrows(() => requireMachineTools(['tar', 'gzip']))
})

test('a tool that is not done in time is ended, and the error says so', (t) => {
  const failure = { sentence: 'Nobody slept enough', timeoutMs: 20 }
  t.throws(() => runMachineTool('.', 'sleep', ['600'], failure), {
    message:
      /^sleep was not done after 20 ms, and was ended\n\nNobody slept enough .*_IMAGE_BUILD\]$/,
  })
  t.is(runMachineTool('.', 'echo', ['in time'], { sentence: '' }), 'in time\n')
})
