import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { DWARF_LIMITS } from '../../src/cores/dwarf-limits.ts'
import { findInSections, findSourceLine } from '../../src/cores/dwarf-line.ts'
import type { DwarfSections } from '../../src/cores/dwarf-line-unit.ts'
import { ElfFile } from '../../src/cores/elf-file.ts'
import { ElfError } from '../../src/cores/errors.ts'
import { needsTool } from '../support/needs-tool.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NONE = new Uint8Array(0)

const SOURCE = `int one(int x)
{
    return x + 1; // line 3
}

int two(int x)
{
    return one(x) * 7; // line 8
}

int main(void)
{
    return two(5);
}
`

function u32(value: number): number[] {
  return [0, 8, 16, 24].map((bits) => (value >>> bits) & 0xff)
}

function text(value: string): number[] {
  return [...Buffer.from(`${value}\0`)]
}

/** Bytes with their number before them. */
function sized(bytes: readonly number[]): number[] {
  return [...u32(bytes.length), ...bytes]
}

/** Address 0x1000 is line 10 of file 1; 0x1004 line 12; the end is at 0x1010. */
const PROGRAM = [
  ...[0, 9, 2, ...u32(0x1000), ...u32(0)], // set_address
  ...[3, 9, 1], // advance_line, copy
  ...[2, 4, 3, 2, 1], // advance_pc, advance_line, copy
  ...[2, 12, 0, 1, 1], // advance_pc, end_sequence
]

const OPERANDS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]

interface UnitOptions {
  readonly version?: number
  readonly names?: readonly number[]
  readonly program?: readonly number[]
  readonly maxOperations?: number
  readonly lineRange?: number
}

/** Directory 1 is `core`, file 1 `stream.c` in it. */
const NAMES = [...text('core'), 0, ...text('stream.c'), 1, 0, 0, 0]

function unit(options: UnitOptions = {}): Uint8Array {
  const {
    version = 4,
    names = NAMES,
    program = PROGRAM,
    maxOperations = 1,
    lineRange = 14,
  } = options
  const header = [
    ...[1, ...(version >= 4 ? [maxOperations] : []), 1, 0xfb, lineRange, OPERANDS.length + 1],
    ...[...OPERANDS, ...names],
  ]
  const body = [...[version, 0, ...(version >= 5 ? [8, 0] : [])], ...[...sized(header), ...program]]
  return Uint8Array.from(sized(body))
}

function find(line: Uint8Array, address: number, sections: Partial<DwarfSections> = {}) {
  return findInSections({ line, lineStrings: NONE, strings: NONE, ...sections }, address)
}

/** A line, none, or the error that says why not. */
function isHandled(t: ExecutionContext, read: () => unknown): void {
  try {
    read()
  } catch (error) {
    t.true(error instanceof ElfError, String(error))
  }
}

test('each address of a sequence has the last row at or before it', (t) => {
  for (const version of [2, 3, 4]) {
    const bytes = unit({ version })
    t.deepEqual(find(bytes, 0x1000), { file: 'core/stream.c', line: 10 })
    t.deepEqual(find(bytes, 0x1003), { file: 'core/stream.c', line: 10 })
    t.deepEqual(find(bytes, 0x1004), { file: 'core/stream.c', line: 12 })
    t.deepEqual(find(bytes, 0x100f), { file: 'core/stream.c', line: 12 })
    for (const address of [0, 0xfff, 0x1010]) t.is(find(bytes, address), undefined)
  }
})

test('version 5 has its names in sections of strings, and file 0', (t) => {
  const lineStrings = Buffer.from('/home/of/it\0core\0stream.c\0')
  const names = [
    ...[1, 1, 0x1f, 2, ...u32(0), ...u32(12)], // directories: line_strp
    ...[2, 1, 0x1f, 2, 0x0b, 2, ...u32(17), 0, ...u32(17), 1], // files: line_strp, data1
  ]
  const bytes = unit({ version: 5, names })
  t.deepEqual(find(bytes, 0x1004, { lineStrings }), { file: 'core/stream.c', line: 12 })
  t.throws(() => find(bytes, 0x1004), { code: 'ERR_CARILLON_ELF' }, 'without the strings')
})

test('units follow each other, and a sequence that the linker threw away is none', (t) => {
  const dropped = unit({ program: [0, 9, 2, ...u32(0), ...u32(0), 1, 2, 0x80, 0x80, 1, 0, 1, 1] })
  const both = Buffer.concat([dropped, unit()])
  t.is(find(both, 0x10), undefined)
  t.deepEqual(find(both, 0x1004), { file: 'core/stream.c', line: 12 })
})

test('special opcodes and those that are not known are understood', (t) => {
  const operands = OPERANDS.length + 1
  const program = [
    ...[0, 9, 2, ...u32(0x1000), ...u32(0)],
    ...[12, 5], // set_isa: one operand, passed over
    operands + 14 * 4 + 5 + 3, // four instructions and three lines further
    ...[8, 1], // const_add_pc, copy
    ...[9, 16, 0, 0, 1, 1], // fixed_advance_pc, end_sequence
  ]
  t.deepEqual(find(unit({ program }), 0x1004), { file: 'core/stream.c', line: 4 })
})

test('what is beyond a limit, or cannot be, is refused', (t) => {
  const refused = (bytes: Uint8Array, message: RegExp) =>
    t.throws(() => find(bytes, 0x1004), { code: 'ERR_CARILLON_ELF', message })
  refused(unit({ version: 6 }), /version 6/)
  refused(unit({ version: 1 }), /version 1/)
  refused(unit({ maxOperations: 2 }), /several operations/)
  refused(unit({ lineRange: 0 }), /range of 0/)
  refused(Uint8Array.from([...u32(0xfffffff5), 0]), /reserved/)
  refused(Uint8Array.from(u32(1000)), /ends behind it/)
  // Entries of no bytes: their number alone bounds nothing.
  const count = (names: number) => [(names & 0x7f) | 0x80, names >> 7]
  const none = (names: number) => unit({ version: 5, names: [0, ...count(names), 0, 0] })
  refused(none(DWARF_LIMITS.NAMES_MAX + 1), /4097 names/)
  t.is(find(none(DWARF_LIMITS.NAMES_MAX), 0x1004), undefined)
  const path = (bytes: number) => [0, ...text('x'.repeat(bytes)), 0, 0, 0, 0]
  refused(unit({ names: path(DWARF_LIMITS.PATH_BYTES_MAX + 1) }), /a path without an end/)
  t.is(find(unit({ names: path(DWARF_LIMITS.PATH_BYTES_MAX) }), 0x1004)?.line, 12)
  refused(unit({ program: [2, ...new Array(11).fill(0x80)] }), /a number that is too long/)
  t.throws(() => find(new Uint8Array(DWARF_LIMITS.LINE_BYTES_MAX + 1), 0), {
    code: 'ERR_CARILLON_ELF',
  })
  // Of rows only, each at address 0.
  const rows = DWARF_LIMITS.LINE_BYTES_MAX - unit({ program: [] }).length
  t.is(find(unit({ program: new Array(rows).fill(1) }), 0x1004), undefined, 'the largest')
  t.is(find(NONE, 0x1004), undefined, 'a file without it')
})

for (const [name, bytes, runs] of [
  ['a unit', unit(), 500],
  ['the table of the firmware', sectionOf(HOSTED_FIRMWARE, '.debug_line'), 50],
] as const) {
  test(`${name}, cut off or written over anywhere, is read or is an error`, (t) => {
    const address = name === 'a unit' ? 0x1004 : 0x3000
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        isHandled(t, () => find(bytes.subarray(0, length), address))
      }),
      { numRuns: runs },
    )
    const damage = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 8 }), (places) => {
        const copy = Buffer.from(bytes)
        for (const [place, value] of places) copy[place] = value
        isHandled(t, () => find(copy, address))
      }),
      { numRuns: runs },
    )
  })
}

for (const version of [2, 3, 4, 5]) {
  needsTool(
    test,
    'addr2line',
    'apt-get install binutils',
  )(`what cc makes of DWARF ${version} is read as addr2line reads it`, (t) => {
    const folder = temporaryFolder(t)
    const source = join(folder, 'lines.c')
    const program = join(folder, 'lines')
    execFileSync('sh', ['-c', 'cat > "$0"', source], { input: SOURCE })
    execFileSync('cc', [`-gdwarf-${version}`, '-O0', '-no-pie', '-o', program, source])
    const elf = new ElfFile(program, readFileSync(program))
    const symbols = elf.symbols().filter(({ name }) => ['one', 'two', 'main'].includes(name))
    const addresses = symbols.flatMap(({ value, bytes }) =>
      Array.from({ length: Number(bytes) }, (_, at) => Number(value) + at),
    )
    t.true(addresses.length > 30)
    const told = execFileSync('addr2line', [
      ...['-e', program],
      ...addresses.map((address) => `0x${address.toString(16)}`),
    ])
    const lines = told.toString().trim().split('\n')
    t.deepEqual(
      addresses.map((address) => findSourceLine(elf, address)?.line),
      lines.map((line) => Number(/:(\d+)/.exec(line)?.[1])),
    )
    t.true(findSourceLine(elf, addresses[0] ?? 0)?.file.endsWith('lines.c'))
  })
}

function sectionOf(path: string, wanted: string): Uint8Array {
  const elf = new ElfFile(path, readFileSync(path))
  const section = elf.sections.find(({ name }) => name === wanted)
  return section === undefined ? NONE : elf.bytesOf(section)
}
