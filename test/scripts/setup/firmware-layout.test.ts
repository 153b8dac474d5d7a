import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { HOSTED_FIRMWARE } from '../../../src/cores/built-firmware.ts'
import type { LayoutRow } from '../../../src/shm/layout.ts'
import { writePatchedFirmware } from '../../support/patched-firmware.ts'
import { importScript, REPOSITORY } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { firmwareLayout } = await importScript<{
  firmwareLayout(root: string): { isFresh(): boolean; run(): void }
}>('setup/firmware-layout.mjs')

/** A checkout whose code is compiled and whose firmware is as `write` leaves it. */
function checkoutWith(t: ExecutionContext, write: (path: string) => void) {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'dist'))
  symlinkSync(join(REPOSITORY, 'dist/cli'), join(root, 'dist/cli'))
  const firmware = join(root, 'firmware/build/hosted/carillon-core')
  mkdirSync(dirname(firmware), { recursive: true })
  write(firmware)
  return { firmware, step: firmwareLayout(root) }
}

const wider = (row: LayoutRow) =>
  row.struct === 'failure' && row.field === '' ? { ...row, bytes: 20 } : row

test('a firmware that agrees is checked once', (t) => {
  const { step } = checkoutWith(t, (path) => copyFileSync(HOSTED_FIRMWARE, path))
  t.false(step.isFresh())
  step.run()
  t.true(step.isFresh())
})

test('a firmware that differs fails the set-up with both sides, each time', (t) => {
  const { firmware, step } = checkoutWith(t, (path) => writePatchedFirmware(path, wider))
  for (const _ of [1, 2]) {
    t.false(step.isFresh())
    const { message = '' } = t.throws(() => step.run()) ?? {}
    t.regex(message, /^! size 16, alignment 4 +size 20, alignment 4$/m)
    t.true(message.includes('compiled otherwise than declared: failure [ERR_CARILLON_LAYOUT_DIFF'))
    t.regex(message, /^The layout in firmware\/build\/hosted\/carillon-core is not the one of /m)
  }
  copyFileSync(HOSTED_FIRMWARE, firmware)
  step.run()
  t.true(step.isFresh())
})

test('a firmware that is built anew, or is gone, is checked again', (t) => {
  const { firmware, step } = checkoutWith(t, (path) => copyFileSync(HOSTED_FIRMWARE, path))
  step.run()
  writePatchedFirmware(firmware, wider)
  t.false(step.isFresh())
  rmSync(firmware)
  t.false(step.isFresh())
  t.throws(() => step.run(), { message: /\[ERR_CARILLON_ELF_READ\]/ })
})
