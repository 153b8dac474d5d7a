import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { CarillonServer } from '../../src/server/carillon-server.ts'
import { coreProcess } from '../support/core-processes.ts'
import { writeOtherFirmware } from '../support/other-firmware.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { running, runningCore } from '../support/running-core.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** An executable file with these bytes in it. */
function executable(t: ExecutionContext, content: string | Uint8Array, mode = 0o755): string {
  const path = join(temporaryFolder(t), 'carillon-core')
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

/** The beginning of a real one. */
const TORN = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), Buffer.alloc(100)])

const BROKEN: readonly [what: string, make: (t: ExecutionContext) => string, says: object][] = [
  [
    'missing',
    (t) => join(temporaryFolder(t), 'absent'),
    { code: 'ERR_CARILLON_FIRMWARE_MISSING', message: /^there is no firmware at .*absent$/ },
  ],
  [
    'not executable',
    (t) => executable(t, readFileSync(HOSTED_FIRMWARE), 0o644),
    {
      code: 'ERR_CARILLON_CORE_START',
      message: /^core 0 cannot be started: .*carillon-core: permission denied$/,
    },
  ],
  ['a folder', (t) => temporaryFolder(t), { code: 'ERR_CARILLON_ELF_READ' }],
  ['torn', (t) => executable(t, TORN), { code: 'ERR_CARILLON_ELF_DAMAGED' }],
  ['a script', (t) => executable(t, '#!/bin/sh\n'), { code: 'ERR_CARILLON_ELF' }],
  [
    'broken where it begins',
    (t) => {
      const path = join(temporaryFolder(t), 'carillon-core')
      writeOtherFirmware(HOSTED_FIRMWARE, path, { broken: 'main' })
      return path
    },
    { code: 'ERR_CARILLON_CORE_LOST', message: /^core 0 ended \(SIG/ },
  ],
]

for (const [what, make, says] of BROKEN) {
  test.serial(
    `firmware that is ${what} is an error of the start, which leaves nothing`,
    async (t) => {
      const firmware = make(t)
      const before = shared()
      await t.throwsAsync(CarillonServer.start({ port: 0, cores: 1, firmware }), says)
      t.deepEqual(shared(), before)
    },
  )
}

test('what a core says before it ends is in the error', async (t) => {
  const firmware = executable(t, '#!/bin/sh\necho "no such machine" >&2\nexit 3\n')
  await t.throwsAsync(runningCore(t, { firmware }), {
    code: 'ERR_CARILLON_CORE_LOST',
    message: 'core 0 ended (code 3): no such machine',
  })
})

/** The shared files of this process. */
function shared(): string[] {
  return readdirSync('/dev/shm').filter((name) => name.startsWith(`carillon-${process.pid}-`))
}

test('firmware that is lost while it runs is told of, and used when it is back', async (t) => {
  const firmware = join(temporaryFolder(t), 'carillon-core')
  copyFileSync(HOSTED_FIRMWARE, firmware)
  const { logger, lines, next } = recordingLogger()
  const { core, region } = await runningCore(t, { firmware, logger })
  renameSync(firmware, `${firmware}.away`)
  process.kill(coreProcess(region.path), 'SIGKILL')
  let line = await next()
  while (line.code !== 'ERR_CARILLON_FIRMWARE_MISSING') line = await next()
  t.regex(String(line.msg), /^core 0 could not be started again: there is no firmware at/)
  t.is(core.state, 'crashed')
  // It has been running as another file: the new one is written anew.
  rmSync(`${firmware}.away`)
  copyFileSync(HOSTED_FIRMWARE, firmware)
  await running(core)
  t.is(core.status.boot, 2)
  t.true(lines.length < 10, 'it tries again with pauses')
})
