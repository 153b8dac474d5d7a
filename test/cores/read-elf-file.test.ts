import { execFileSync } from 'node:child_process'
import { chmodSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { ELF_LIMITS } from '../../src/cores/elf-limits.ts'
import { ElfError } from '../../src/cores/errors.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { elfImage } from '../support/elf-image.ts'
import { needsTool } from '../support/needs-tool.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('the file is read whole, and its errors name it', async (t) => {
  const path = join(temporaryFolder(t), 'core.elf')
  writeFileSync(path, elfImage({ bits: 32, machine: 40 }))
  const elf = await readElfFile(path)
  t.deepEqual([elf.name, elf.bits, elf.machine], [path, 32, 40])
  writeFileSync(path, 'no ELF file')
  await t.throwsAsync(readElfFile(path), {
    ...{ instanceOf: ElfError, code: 'ERR_CARILLON_ELF' },
    message: `${path} is not an ELF file`,
  })
})

for (const [what, make, says] of [
  ['nothing', () => {}, 'no such file or directory'],
  ['a folder', (path: string) => execFileSync('mkdir', [path]), 'it is a directory'],
  [
    'a pipe that nobody writes to',
    (path: string) => execFileSync('mkfifo', [path]),
    'it is not a regular file',
  ],
] as const) {
  test(`${what} is not read`, async (t) => {
    const path = join(temporaryFolder(t), 'core.elf')
    make(path)
    await t.throwsAsync(readElfFile(path), {
      ...{ instanceOf: ElfError, code: 'ERR_CARILLON_ELF_READ' },
      message: `cannot read ${path}: ${says}`,
    })
  })
}

test('a device that never ends is not read', async (t) => {
  await t.throwsAsync(readElfFile('/dev/zero'), {
    ...{ code: 'ERR_CARILLON_ELF_READ', message: /it is not a regular file/ },
  })
})

test('a file is as large as the limit says, and no larger', async (t) => {
  const path = join(temporaryFolder(t), 'core.elf')
  writeFileSync(path, elfImage({ bits: 64 }))
  truncateSync(path, ELF_LIMITS.FILE_BYTES_MAX)
  t.is((await readElfFile(path)).bits, 64)
  truncateSync(path, ELF_LIMITS.FILE_BYTES_MAX + 1)
  await t.throwsAsync(readElfFile(path), {
    code: 'ERR_CARILLON_ELF_READ',
    message: `cannot read ${path}: it has 67108865 bytes, more than 67108864`,
  })
})

test('an empty file is no ELF file', async (t) => {
  const path = join(temporaryFolder(t), 'core.elf')
  writeFileSync(path, '')
  chmodSync(path, 0o400)
  await t.throwsAsync(readElfFile(path), { code: 'ERR_CARILLON_ELF' })
})

needsTool(
  test,
  'readelf',
  'apt-get install binutils',
)('readelf tells the same of the firmware', async (t) => {
  const elf = await readElfFile(HOSTED_FIRMWARE)
  const readelf = (...args: string[]) =>
    execFileSync('readelf', ['--wide', ...args, HOSTED_FIRMWARE], {
      ...{ encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
    })
  const [, entry] = /Entry point address:\s+(0x[0-9a-f]+)/.exec(readelf('--file-header')) ?? []
  t.is(elf.entry, BigInt(entry ?? 0))

  const sections = [
    ...readelf('--section-headers').matchAll(
      /^ +\[ *(\d+)\] (\S+) +(\S+) +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) /gm,
    ),
  ].map(([, index, name, , address, offset, size]) => [
    ...[Number(index), name, BigInt(`0x${address}`)],
    ...[Number.parseInt(offset ?? '', 16), BigInt(`0x${size}`)],
  ])
  t.true(sections.length > 20)
  t.deepEqual(
    elf.sections
      .map(({ name, address, offset, memoryBytes }, index) => [
        ...[index, name, address, offset, memoryBytes],
      ])
      .filter(([, name]) => name !== '' && name !== '.bss'),
    sections.filter(([, name]) => name !== 'NULL' && name !== '.bss'),
  )

  const segments = [
    ...readelf('--program-headers').matchAll(
      /^ +\w+ +0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) [RWE ]{3} 0x/gm,
    ),
  ].map(([, ...numbers]) => numbers.map((number) => BigInt(`0x${number}`)))
  t.true(segments.length > 5)
  t.deepEqual(
    elf.segments.map((segment) => [
      ...[BigInt(segment.offset), segment.virtualAddress, segment.physicalAddress],
      ...[BigInt(segment.fileBytes), segment.memoryBytes],
    ]),
    segments,
  )

  const symbols = [
    ...(readelf('--symbols')
      .split("'.symtab'")[1]
      ?.matchAll(
        /^ +\d+: ([0-9a-f]+) +(\d+|0x[0-9a-f]+) FUNC +(LOCAL|GLOBAL|WEAK) +\w+ +(\w+) (\w+)$/gm,
      ) ?? []),
  ].map(([, value, bytes, , , name]) => [name, BigInt(`0x${value}`), BigInt(bytes ?? 0)])
  t.true(symbols.length > 30)
  const functions = new Set(symbols.map(([name, value]) => `${name} ${value}`))
  t.deepEqual(
    elf
      .symbols()
      .filter(({ name, value, type }) => type === 2 && functions.has(`${name} ${value}`))
      .map(({ name, value, bytes }) => [name, value, bytes]),
    symbols,
  )
})
