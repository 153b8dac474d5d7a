import test, { type ExecutionContext } from 'ava'
import { ElfFile } from '../../src/cores/elf-file.ts'
import { ELF_LIMITS } from '../../src/cores/elf-limits.ts'
import { machineName } from '../../src/cores/elf-machine.ts'
import { ElfError } from '../../src/cores/errors.ts'
import type { ErrorCode } from '../../src/errors.ts'
import {
  type ElfImage,
  elfImage,
  type ImageSection,
  SECTION_TYPE,
  stringTable,
  symbolTable,
} from '../support/elf-image.ts'

const { SECTIONS_MAX, SEGMENTS_MAX, SYMBOLS_MAX, NAME_BYTES_MAX } = ELF_LIMITS

/** What the class of a file changes: where fields of its header are, and how long its entries. */
const CLASSES = {
  32: {
    ...{ segmentsAt: 28, sectionsAt: 32, segmentBytesAt: 42, segmentsCountAt: 44 },
    ...{ sectionBytesAt: 46, sectionCountAt: 48, namesAt: 50 },
    ...{ header: 52, segment: 32, symbol: 16, highest: 0xffff_ffffn },
  },
  64: {
    ...{ segmentsAt: 32, sectionsAt: 40, segmentBytesAt: 54, segmentsCountAt: 56 },
    ...{ sectionBytesAt: 58, sectionCountAt: 60, namesAt: 62 },
    ...{ header: 64, segment: 56, symbol: 24, highest: 0xffff_ffff_ffff_ffffn },
  },
} as const

const BOTH = [32, 64] as const

/** Sections with symbols of these names. */
function withSymbols(bits: 32 | 64, names: readonly string[]): ImageSection[] {
  const { bytes, offsets } = stringTable(names)
  const { symbol } = CLASSES[bits]
  return [
    {
      name: '.symtab',
      type: SECTION_TYPE.SYMBOLS,
      bytes: symbolTable(bits, offsets),
      link: 2,
      entryBytes: symbol,
    },
    { name: '.strtab', type: SECTION_TYPE.STRINGS, bytes },
  ]
}

/** What is wrong with a file is said by the code as well. */
function codeFor(message: string): ErrorCode {
  if (message.endsWith(' is not an ELF file')) return 'ERR_CARILLON_ELF'
  if (message.endsWith('it is not little-endian')) return 'ERR_CARILLON_ELF_BYTE_ORDER'
  if (message.includes(' would end at byte ')) return 'ERR_CARILLON_ELF_TRUNCATED'
  return 'ERR_CARILLON_ELF_DAMAGED'
}

function refuses(t: ExecutionContext, bytes: Uint8Array, says: RegExp) {
  const error = t.throws(() => new ElfFile('core.elf', bytes).symbols(), { instanceOf: ElfError })
  t.is(error?.code, codeFor(error?.message ?? ''))
  t.regex(
    error?.message ?? '',
    /^core\.elf is (not an ELF file$|no ELF file that Carillon can read: )/,
  )
  t.regex(error?.message ?? '', says)
}

function patched(image: ElfImage, patch: (bytes: Buffer) => void): Buffer {
  const bytes = elfImage(image)
  patch(bytes)
  return bytes
}

for (const bits of BOTH) {
  const at = CLASSES[bits]

  test(`ELF${bits}: header, segments, sections and symbols are read`, (t) => {
    const code = Buffer.from('code')
    const elf = new ElfFile(
      'core.elf',
      elfImage({
        ...{ bits, machine: 183, entry: at.highest },
        segments: [
          {
            bytes: code,
            virtualAddress: at.highest - 1n,
            physicalAddress: 0x4000n,
            memoryBytes: 9n,
          },
          { type: 4, flags: 4, bytes: Buffer.from('a note'), memoryBytes: 0n },
        ],
        sections: withSymbols(bits, ['main', 'größe']),
      }),
    )
    t.deepEqual([elf.name, elf.bits, elf.type, elf.machine], ['core.elf', bits, 2, 183])
    t.is(elf.entry, at.highest)
    const [load, note] = elf.segments
    t.like(load, { type: 1, flags: 5, fileBytes: 4, memoryBytes: 9n, align: 4n })
    t.like(load, { virtualAddress: at.highest - 1n, physicalAddress: 0x4000n })
    t.like(note, { type: 4, flags: 4, fileBytes: 6 })
    t.is(load && Buffer.from(elf.bytesOf(load)).toString(), 'code')
    t.is(note && Buffer.from(elf.bytesOf(note)).toString(), 'a note')
    t.deepEqual(
      elf.sections.map(({ name }) => name),
      ['', '.symtab', '.strtab', '.shstrtab'],
    )
    t.deepEqual(elf.symbols(), [
      { name: 'main', value: 0x1000n, bytes: 16n, type: 2, binding: 1, section: 1 },
      { name: 'größe', value: 0x1001n, bytes: 16n, type: 2, binding: 1, section: 1 },
    ])
  })

  test(`ELF${bits}: a file of nothing but a header is one`, (t) => {
    const bytes = patched({ bits }, (image) => {
      image.fill(0, at.sectionsAt, at.sectionsAt + bits / 8)
      image.writeUInt16LE(0, at.sectionCountAt)
      image.writeUInt16LE(0, at.namesAt)
    }).subarray(0, at.header)
    const elf = new ElfFile('core.elf', bytes)
    t.deepEqual([elf.segments, elf.sections, elf.symbols()], [[], [], []])
    refuses(t, bytes.subarray(0, -1), /its header would end at byte \d+, and the file at \d+/)
  })

  test(`ELF${bits}: what is only in memory has no bytes in the file, wherever it says they are`, (t) => {
    const image = {
      bits,
      sections: [{ name: '.bss', type: SECTION_TYPE.NO_BITS, bytes: Buffer.alloc(8) }],
    }
    const bytes = patched(image, (file) => {
      const table = Number(file.readUIntLE(at.sectionsAt, 4))
      const entry = table + (bits === 32 ? 40 : 64)
      // Beyond any file.
      if (bits === 32) file.writeUInt32LE(0xffff_fff0, entry + 16)
      else file.writeBigUInt64LE(0xffff_ffff_ffff_fff0n, entry + 24)
    })
    const bss = new ElfFile('core.elf', bytes).sections[1]
    t.like(bss, { name: '.bss', type: 8, offset: 0, fileBytes: 0, memoryBytes: 8n })
  })

  for (const [what, patch, says] of [
    [
      'a table of segments beyond its end',
      (b: Buffer) => b.writeUInt32LE(0x7fff_ffff, at.segmentsAt),
      /the table of its segments would end/,
    ],
    [
      'a table of sections beyond its end',
      (b: Buffer) => b.writeUInt32LE(0x7fff_ffff, at.sectionsAt),
      /the table of its sections would end/,
    ],
    [
      'segments of another size',
      (b: Buffer) => b.writeUInt16LE(at.segment + 1, at.segmentBytesAt),
      /each of its segments has/,
    ],
    [
      'sections of no size',
      (b: Buffer) => b.writeUInt16LE(0, at.sectionBytesAt),
      /each of its sections has 0 bytes/,
    ],
    [
      'names in a section that is none',
      (b: Buffer) => b.writeUInt16LE(99, at.namesAt),
      /in section 99, which has no strings/,
    ],
    [
      'names in a section of symbols',
      (b: Buffer) => b.writeUInt16LE(1, at.namesAt),
      /in section 1, which has no strings/,
    ],
    [
      'more sections than its header has room for',
      (b: Buffer) => b.writeUInt16LE(0, at.sectionCountAt),
      /more sections than the 4096/,
    ],
    ['another version', (b: Buffer) => b.writeUInt32LE(2, 20), /its version is 2, not 1/],
    [
      'another version of its first bytes',
      (b: Buffer) => b.writeUInt8(0, 6),
      /its version is 0, not 1/,
    ],
    ['the other order of bytes', (b: Buffer) => b.writeUInt8(2, 5), /it is not little-endian/],
    ['a class of its own', (b: Buffer) => b.writeUInt8(3, 4), /it is of neither 32 nor 64 bits/],
    ['the class of neither', (b: Buffer) => b.writeUInt8(0, 4), /it is of neither 32 nor 64 bits/],
    ['another magic', (b: Buffer) => b.writeUInt8(0, 3), /is not an ELF file/],
  ] as const) {
    test(`ELF${bits}: a file is refused that has ${what}`, (t) => {
      const image = {
        bits,
        segments: [{ bytes: Buffer.from('code') }],
        sections: withSymbols(bits, ['main']),
      }
      t.notThrows(() => new ElfFile('core.elf', elfImage(image)).symbols())
      refuses(t, patched(image, patch), says)
    })
  }

  test(`ELF${bits}: a segment that is loaded has its bytes in the file, and in memory no fewer`, (t) => {
    const bytes = Buffer.from('code')
    const of = (memoryBytes: bigint, type = 1) =>
      elfImage({ bits, segments: [{ type, bytes, memoryBytes }] })
    t.is(new ElfFile('core.elf', of(4n)).segments.length, 1)
    t.is(new ElfFile('core.elf', of(at.highest)).segments[0]?.memoryBytes, at.highest)
    refuses(t, of(3n), /segment 0 has more bytes in the file than in memory/)
    t.is(new ElfFile('core.elf', of(3n, 4)).segments.length, 1)
    const long = of(at.highest)
    const sizeAt = at.header + (bits === 32 ? 16 : 32)
    const room = long.length - long.readUInt32LE(at.header + (bits === 32 ? 4 : 8))
    long.writeUInt32LE(room, sizeAt)
    t.is(new ElfFile('core.elf', long).segments[0]?.fileBytes, room)
    long.writeUInt32LE(room + 1, sizeAt)
    refuses(t, long, /segment 0 would end at byte \d+, and the file at \d+/)
    long.fill(0xff, sizeAt, sizeAt + bits / 8)
    refuses(t, long, /segment 0 would end at byte/)
  })

  test(`ELF${bits}: as many segments are read as the limit says, and no more`, (t) => {
    const of = (count: number) => elfImage({ bits, segments: new Array(count).fill({}) })
    t.is(new ElfFile('core.elf', of(SEGMENTS_MAX)).segments.length, SEGMENTS_MAX)
    refuses(t, of(SEGMENTS_MAX + 1), /more segments than the 256/)
  })

  test(`ELF${bits}: as many sections are read as the limit says, and no more`, (t) => {
    // Beside them the empty one, and the one with the names.
    const of = (count: number) =>
      elfImage({ bits, sections: new Array(count - 2).fill({ name: 's' }) })
    t.is(new ElfFile('core.elf', of(SECTIONS_MAX)).sections.length, SECTIONS_MAX)
    refuses(t, of(SECTIONS_MAX + 1), /more sections than the 4096/)
  })

  test(`ELF${bits}: as many symbols are read as the limit says, and no more`, (t) => {
    const of = (count: number) =>
      elfImage({ bits, sections: withSymbols(bits, new Array(count).fill('')) })
    t.is(new ElfFile('core.elf', of(SYMBOLS_MAX)).symbols().length, SYMBOLS_MAX)
    refuses(t, of(SYMBOLS_MAX + 1), /more symbols than the 65536/)
  })

  test(`ELF${bits}: a name is as long as the limit says, and no longer`, (t) => {
    const of = (name: string) => elfImage({ bits, sections: withSymbols(bits, [name]) })
    const longest = 'n'.repeat(NAME_BYTES_MAX)
    t.is(new ElfFile('core.elf', of(longest)).symbols()[0]?.name, longest)
    refuses(t, of(`${longest}n`), /the name of symbol 0 is longer than 1024 bytes/)
    const section = (name: string) => elfImage({ bits, sections: [{ name }] })
    t.is(new ElfFile('core.elf', section(longest)).sections[1]?.name, longest)
    refuses(t, section(`${longest}n`), /the name of section 1 is longer than 1024 bytes/)
  })

  test(`ELF${bits}: symbols are refused where their table or its names are not sound`, (t) => {
    const [table, strings] = withSymbols(bits, ['main'])
    const of = (symbols: Partial<ImageSection>, names: Partial<ImageSection> = {}) =>
      elfImage({
        bits,
        sections: [
          { name: '.symtab', ...table, ...symbols },
          { name: '.strtab', ...strings, ...names },
        ],
      })
    t.is(new ElfFile('core.elf', of({})).symbols().length, 1)
    refuses(t, of({ entryBytes: 0 }), /each of its symbols has 0 bytes/)
    refuses(
      t,
      of({ bytes: table?.bytes?.subarray(1) ?? Buffer.alloc(0) }),
      /its symbols are not \d+ bytes each/,
    )
    refuses(t, of({ link: 0 }), /in section 0, which has no strings/)
    refuses(t, of({ link: 99 }), /in section 99, which has no strings/)
    refuses(t, of({}, { bytes: Buffer.from('\0mai') }), /the name of symbol 0 has no end/)
    refuses(t, of({}, { bytes: Buffer.from('\0') }), /the name of symbol 0 has no end/)
    t.is(new ElfFile('core.elf', of({ bytes: Buffer.alloc(0) })).symbols().length, 0)
  })
}

test('what is no ELF file is refused in one sentence', (t) => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('\x7fEL'), Buffer.from('#!/bin/sh\n')]) {
    refuses(t, bytes, /^core\.elf is not an ELF file$/)
  }
  refuses(t, Buffer.from('\x7fELF'), /it is of neither 32 nor 64 bits/)
})

test('a processor is told by its name where it is known', (t) => {
  t.deepEqual([62, 183, 40, 9999].map(machineName), ['x86-64', 'AArch64', 'ARM', 'machine 9999'])
})
