import { copyFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import type { LayoutRow } from '../../src/shm/layout.ts'
import { STRUCTS } from '../../src/shm/shared-mem.ts'
import { carillon } from '../support/carillon-command.ts'
import { elfImage } from '../support/elf-image.ts'
import { layoutImage } from '../support/layout-image.ts'
import { writePatchedFirmware } from '../support/patched-firmware.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('every struct is shown, with who writes each field', async (t) => {
  const { code, stdout, stderr } = await carillon(t, 'layout')
  t.deepEqual([code, stderr], [0, ''])
  const shown = [...stdout.matchAll(/^struct carillon_(\w+) \{$/gm)].map(([, name]) => name)
  t.deepEqual(
    shown,
    STRUCTS.map(({ name }) => name),
  )
  t.regex(stdout, /^\/\/ After each member: its offset and size in bytes, and who writes it\.$/m)
  t.regex(stdout, /^\tuint32_t heartbeat; {3}\/\* {4}16 {5}4 {2}core \*\/$/m)
  t.regex(
    stdout,
    /^\tstruct carillon_core_status {5}status\[4\]; {3}\/\* {3}640 {3}256 {2}core {7}\*\/$/m,
  )
})

test('chosen structs are shown in the order asked for, with C’s prefix or without', async (t) => {
  const { code, stdout } = await carillon(t, 'layout', 'record_header', 'carillon_failure')
  t.is(code, 0)
  t.deepEqual(
    [...stdout.matchAll(/^struct (\w+) \{$/gm)].map(([, name]) => name),
    ['carillon_record_header', 'carillon_failure'],
  )
})

test('a struct that there is not is an error that says which there are', async (t) => {
  const { code, stdout, stderr } = await carillon(t, 'layout', 'failure', 'wobble')
  t.deepEqual([code, stdout], [2, ''])
  t.regex(
    stderr,
    /^carillon: there is no struct "wobble"; there are region_header, .*effect_info \[ERR_CARILLON_USAGE\]\n$/,
  )
})

test('a firmware that agrees is one line', async (t) => {
  const { code, stdout, stderr } = await carillon(t, 'layout', '--check', HOSTED_FIRMWARE)
  t.deepEqual([code, stderr], [0, ''])
  t.regex(stdout, /^.*\/carillon-core \(64-bit .+\): \d+ structs with \d+ fields agree\n$/)
})

test('a firmware that differs is both sides, and an error that names the struct', async (t) => {
  const path = join(temporaryFolder(t), 'core.elf')
  const later = (row: LayoutRow) =>
    row.struct === 'core_status' && row.offset > 40 && row.field !== ''
      ? { ...row, offset: row.offset + 20 }
      : row
  writePatchedFirmware(path, later)
  const { code, stdout, stderr } = await carillon(t, 'layout', '--check', path)
  t.is(code, 1)
  t.deepEqual(stdout.split('\n'), [
    'struct carillon_core_status',
    `  declared                     compiled: ${path}`,
    '  offset   size  field         offset   size  field',
    '  --- cache line 0 (0) ---     --- cache line 0 (0) ---',
    '       0      4  state              0      4  state',
    '       4      4  session            4      4  session',
    '       8      4  boot               8      4  boot',
    '      12      4  link              12      4  link',
    '      16      4  heartbeat         16      4  heartbeat',
    '      20      4  uptime_us         20      4  uptime_us',
    '      24      4  busy_us           24      4  busy_us',
    '      28      4  streams           28      4  streams',
    '      32      4  blocks            32      4  blocks',
    '      36      4  overruns          36      4  overruns',
    '      40      4  refused           40      4  refused',
    '!                              --- cache line 1 (64) ---',
    '!     44      4  damaged           64      4  damaged',
    '!     48      4  lost              68      4  lost',
    '!     52      4  stack_bytes       72      4  stack_bytes',
    '!     56      4  stack_used        76      4  stack_used',
    '!     60      4  trace_lost        80      4  trace_lost',
    '  size 64, alignment 64        size 64, alignment 64',
    '',
    '',
  ])
  t.is(
    stderr,
    `carillon: ${path}: compiled otherwise than declared: core_status [ERR_CARILLON_LAYOUT_DIFFERS]\n`,
  )
})

for (const [what, write, code] of [
  ['is not there', () => {}, 'ELF_READ'],
  ['is no ELF file', (path: string) => writeFileSync(path, '#!/bin/sh\n'), 'ELF'],
  [
    'is cut off',
    (path: string) => {
      copyFileSync(HOSTED_FIRMWARE, path)
      truncateSync(path, 10_000)
    },
    'ELF_TRUNCATED',
  ],
  ['has no table', (path: string) => writeFileSync(path, elfImage({ bits: 32 })), 'LAYOUT_MISSING'],
  [
    'has a table of another format',
    (path: string) => {
      const bytes = layoutImage({ version: 2 })
      writeFileSync(path, elfImage({ bits: 64, sections: [{ name: '.layout_table', bytes }] }))
    },
    'LAYOUT_FORMAT',
  ],
] as const) {
  test(`a firmware that ${what} is an error of one line`, async (t) => {
    const path = join(temporaryFolder(t), 'core.elf')
    write(path)
    const { code: exitCode, stdout, stderr } = await carillon(t, 'layout', '--check', path)
    t.deepEqual([exitCode, stdout], [1, ''])
    t.true(stderr.startsWith('carillon: ') && stderr.includes(path), stderr)
    t.true(stderr.endsWith(` [ERR_CARILLON_${code}]\n`), stderr)
    t.is(stderr.split('\n').length, 2)
  })
}

test('--check takes one file and no structs', async (t) => {
  for (const args of [['--check'], ['--check', HOSTED_FIRMWARE, 'failure']]) {
    const { code, stdout, stderr } = await carillon(t, 'layout', ...args)
    t.deepEqual([code, stdout], [2, ''])
    t.regex(stderr, /^carillon: .*--check.* \[ERR_CARILLON_USAGE\]\n$/)
  }
})

test('a name that would drive the terminal does not', async (t) => {
  const path = join(temporaryFolder(t), '\x1b[2Jcore\n.elf')
  writePatchedFirmware(path, (row) => row)
  const agrees = await carillon(t, 'layout', '--check', path)
  t.deepEqual([agrees.code, agrees.stdout.split('\n').length], [0, 2])
  writePatchedFirmware(path, (row) => ({ ...row, bytes: row.bytes + 1 }))
  const differs = await carillon(t, 'layout', '--check', path)
  t.is(differs.code, 1)
  for (const text of [agrees.stdout, differs.stdout, differs.stderr]) {
    t.false(text.includes('\x1b'))
  }
})
