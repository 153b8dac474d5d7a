import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { ElfFile } from '../../src/cores/elf-file.ts'
import {
  imageVersion,
  locate,
  locateInImage,
  locationText,
} from '../../src/cores/firmware-symbols.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const SYMBOL = 'stream_process'

function firmware(): { elf: ElfFile; address: bigint; bytes: bigint } {
  const elf = new ElfFile(HOSTED_FIRMWARE, readFileSync(HOSTED_FIRMWARE))
  const symbol = elf.symbols().find(({ name }) => name === SYMBOL)
  return { elf, address: symbol?.value ?? 0n, bytes: symbol?.bytes ?? 0n }
}

test('an address is found by its function, its file and its line', (t) => {
  const { elf, address, bytes } = firmware()
  const found = locate(elf, address)
  t.like(found, { address, symbol: { name: SYMBOL, offset: 0n } })
  t.is(found.source?.file, 'core/stream.c')
  t.regex(locationText(found), /^stream_process\+0x0 \(core\/stream\.c:\d+\)$/)
  t.is(locate(elf, address + bytes - 1n).symbol?.offset, bytes - 1n)
  t.not(locate(elf, address + bytes).symbol?.name, SYMBOL)
})

test('what is no code has an address only', (t) => {
  const { elf } = firmware()
  for (const address of [0n, 1n << 40n, (1n << 64n) - 1n]) {
    t.deepEqual(locate(elf, address), { address })
    t.is(locationText(locate(elf, address)), '')
  }
})

test('without a table of lines there is the symbol, without a file the address', async (t) => {
  const { elf, address } = firmware()
  const path = join(temporaryFolder(t), 'core')
  const bytes = readFileSync(HOSTED_FIRMWARE)
  const section = elf.sections.find(({ name }) => name === '.debug_line')
  // A version that nobody knows.
  bytes.writeUInt16LE(99, (section?.offset ?? 0) + 4)
  writeFileSync(path, bytes)
  const version = await imageVersion(path)
  t.deepEqual(await locateInImage(version, address), {
    address,
    symbol: { name: SYMBOL, offset: 0n },
  })
  t.deepEqual(await locateInImage(undefined, address), { address })
  // Another file has come to its place since.
  copyFileSync(HOSTED_FIRMWARE, path)
  writeFileSync(path, 'no firmware')
  t.deepEqual(await locateInImage(version, address), { address })
  t.deepEqual(await locateInImage(await imageVersion(path), address), { address })
  t.is(await imageVersion(join(path, 'none')), undefined)
})
