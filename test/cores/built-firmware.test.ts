import { join } from 'node:path'
import test from 'ava'
import {
  BUILT_HOSTED,
  builtBareMetal,
  HOSTED_FIRMWARE,
  readFirmwareFile,
} from '../../src/cores/built-firmware.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('what is built here and is missing says how to build it, and what that takes', async (t) => {
  const path = join(temporaryFolder(t), 'core.elf')
  const code = 'ERR_CARILLON_FIRMWARE_MISSING'
  const told = (message: string) => ({ code, message: `there is no firmware at ${path}${message}` })
  const command = 'make it'
  await t.throwsAsync(readFirmwareFile(path, { path, command }), told(': build it with make it'))
  await t.throwsAsync(
    readFirmwareFile(path, { path, command, needs: 'a maker' }),
    told(': build it with make it, which needs a maker'),
  )
  // Another file than what is built is its owner's to bring.
  await t.throwsAsync(readFirmwareFile(path, { path: `${path}.other`, command }), told(''))
  await t.throwsAsync(readFirmwareFile(path, BUILT_HOSTED), told(''))
})

test('how to build each is a command with its port', async (t) => {
  t.regex(BUILT_HOSTED.command, /^make -C .*firmware$/)
  t.regex(builtBareMetal('virt').command, /^make -C .*firmware PORT=virt$/)
  t.regex(builtBareMetal('virt').path, /build\/virt\/carillon-core\.elf$/)
  t.is((await readFirmwareFile(HOSTED_FIRMWARE, BUILT_HOSTED)).name, HOSTED_FIRMWARE)
})
