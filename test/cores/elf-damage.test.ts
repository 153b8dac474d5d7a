import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { compareElfLayout } from '../../src/cores/compare-elf-layout.ts'
import { ElfFile } from '../../src/cores/elf-file.ts'
import { ElfError } from '../../src/cores/errors.ts'
import { LayoutError } from '../../src/shm/errors.ts'
import { elfImage, SECTION_TYPE, stringTable, symbolTable } from '../support/elf-image.ts'
import { layoutImage } from '../support/layout-image.ts'

/** Small files with all that is read in them, and the firmware itself. */
const FILES: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['ELF32', fileOf(32)],
  ['ELF64', fileOf(64)],
  ['the hosted firmware', readFileSync(HOSTED_FIRMWARE)],
]

function fileOf(bits: 32 | 64): Buffer {
  const { bytes, offsets } = stringTable(['main', 'reset'])
  return elfImage({
    bits,
    segments: [{ bytes: Buffer.from('code') }],
    sections: [
      { name: '.layout_table', bytes: layoutImage() },
      {
        ...{ name: '.symtab', type: SECTION_TYPE.SYMBOLS, bytes: symbolTable(bits, offsets) },
        ...{ link: 3, entryBytes: bits === 32 ? 16 : 24 },
      },
      { name: '.strtab', type: SECTION_TYPE.STRINGS, bytes },
    ],
  })
}

/** Reads everything. Whether it could; any error that is not one of the two fails the test. */
function isReadable(t: ExecutionContext, bytes: Uint8Array): boolean {
  try {
    const elf = new ElfFile('core.elf', bytes)
    elf.symbols()
    for (const part of [...elf.segments, ...elf.sections]) {
      t.is(elf.bytesOf(part).length, part.fileBytes)
    }
    compareElfLayout(elf)
    return true
  } catch (error) {
    if (error instanceof ElfError || error instanceof LayoutError) return false
    throw error
  }
}

for (const [name, file] of FILES) {
  test(`${name} is read whole`, (t) => {
    t.true(isReadable(t, file))
  })

  test(`${name}, cut off anywhere, is an error`, (t) => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), (length) => {
        t.false(isReadable(t, file.subarray(0, length)))
      }),
      { numRuns: 500, examples: [[0], [4], [16], [52], [64], [file.length - 1]] },
    )
  })

  test(`${name}, with bytes written over anywhere, is read or is an error`, (t) => {
    const damage = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 8 }), (places) => {
        const bytes = Buffer.from(file)
        for (const [place, value] of places) bytes[place] = value
        t.notThrows(() => isReadable(t, bytes))
      }),
      { numRuns: 500 },
    )
  })
}

for (const [name, file] of FILES.slice(0, 2)) {
  test(`${name}, with any one byte of its tables at its most or its least, is read or is an error`, (t) => {
    t.timeout(120_000)
    const bytes = Buffer.from(file)
    // The rows of the layout's table are told below; there are thousands of bytes of them.
    const from = file.indexOf('reset')
    const places = [...Array.from({ length: 160 }, (_, at) => at), ...span(from, file.length)]
    t.true(from > 0)
    for (const place of places) {
      for (const value of [0x00, 0x7f, 0x80, 0xff]) {
        const was = bytes[place] ?? 0
        bytes[place] = value
        isReadable(t, bytes)
        bytes[place] = was
      }
    }
    t.true(isReadable(t, bytes))
  })
}

test('a table with bytes written over is read or is an error', (t) => {
  const table = layoutImage()
  const damage = fc.tuple(fc.nat(table.length - 1), fc.integer({ min: 0, max: 255 }))
  let readable = 0
  fc.assert(
    fc.property(damage, ([place, value]) => {
      const bytes = Buffer.from(table)
      bytes[place] = value
      const file = elfImage({ bits: 64, sections: [{ name: '.layout_table', bytes }] })
      if (isReadable(t, file)) readable++
    }),
    { numRuns: 500 },
  )
  t.true(readable > 0)
})

function span(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}
