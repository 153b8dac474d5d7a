import test from 'ava'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { compareElfLayout, layoutDifference } from '../../src/cores/compare-elf-layout.ts'
import { ElfFile } from '../../src/cores/elf-file.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { LayoutError } from '../../src/shm/errors.ts'
import type { LayoutRow } from '../../src/shm/layout.ts'
import { STRUCTS } from '../../src/shm/shared-mem.ts'
import { elfImage, type ImageSection, SECTION_TYPE } from '../support/elf-image.ts'
import { DECLARED, type LayoutImage, layoutImage } from '../support/layout-image.ts'

const SECTION = '.layout_table'

function elfOf(...sections: ImageSection[]): ElfFile {
  return new ElfFile('core.elf', elfImage({ bits: 32, sections }))
}

function withTable(table: LayoutImage): ElfFile {
  return elfOf({ name: SECTION, bytes: layoutImage(table) })
}

/** The rows, with `change` made to those of a struct. */
function changed(struct: string, change: (row: LayoutRow) => LayoutRow[]): LayoutRow[] {
  return DECLARED.flatMap((row) => (row.struct === struct ? change(row) : [row]))
}

test('the firmware of this checkout agrees', async (t) => {
  const { structs, fields, differences } = compareElfLayout(await readElfFile(HOSTED_FIRMWARE))
  t.deepEqual(differences, [])
  t.is(structs, STRUCTS.length)
  t.is(structs + fields, DECLARED.length)
})

test('a file without a table, or with an empty one, says so', (t) => {
  const missing = { instanceOf: LayoutError, code: 'ERR_CARILLON_LAYOUT_MISSING' }
  t.throws(() => compareElfLayout(elfOf({ name: '.text' })), {
    ...missing,
    message: /^core\.elf: it has no section \.layout_table: /,
  })
  const bytes = layoutImage()
  t.throws(() => compareElfLayout(elfOf({ name: SECTION, type: SECTION_TYPE.NO_BITS, bytes })), {
    ...missing,
    message: /it has an empty section/,
  })
})

test('a file with two tables is refused: they may say two things', (t) => {
  const table = { name: SECTION, bytes: layoutImage() }
  t.notThrows(() => compareElfLayout(elfOf(table)))
  t.throws(() => compareElfLayout(elfOf(table, table)), {
    ...{ instanceOf: LayoutError, code: 'ERR_CARILLON_LAYOUT_TABLE', message: /more than one/ },
  })
})

test('a table of an unknown format is refused', (t) => {
  t.throws(() => compareElfLayout(withTable({ version: 2 })), {
    code: 'ERR_CARILLON_LAYOUT_FORMAT',
  })
})

test('where all structs agree, the version and the hash must too', (t) => {
  for (const [table, says] of [
    [
      { layoutVersion: 9 },
      /built for version 9 of the layout with hash 0x[0-9a-f]{8}, not version/,
    ],
    [{ layoutHash: 0x1f }, /with hash 0x0000001f, not version/],
  ] as const) {
    t.throws(() => compareElfLayout(withTable(table)), {
      ...{ instanceOf: LayoutError, code: 'ERR_CARILLON_LAYOUT_VERSION', message: says },
    })
  }
})

test('a struct that differs is more than its hash', (t) => {
  const rows = changed('failure', (row) => [{ ...row, bytes: row.bytes + 4 }])
  const { differences } = compareElfLayout(withTable({ rows, layoutHash: 1 }))
  t.deepEqual(
    differences.map(({ struct }) => struct),
    ['failure'],
  )
})

test('the error names what differs, what is missing and what is not declared', (t) => {
  const errorFor = (rows: LayoutRow[]) => {
    const error = layoutDifference('core.elf', compareElfLayout(withTable({ rows })).differences)
    return [error.code, error.message]
  }
  const renamed = changed('failure', (row) => [{ ...row, struct: 'mishap' }])
  const without = changed('failure', () => [])
  const wider = (rows: LayoutRow[], struct: string) =>
    rows.map((row) => (row.struct === struct ? { ...row, bytes: row.bytes * 2 } : row))
  t.deepEqual(errorFor(wider([...DECLARED], 'failure')), [
    'ERR_CARILLON_LAYOUT_DIFFERS',
    'core.elf: compiled otherwise than declared: failure',
  ])
  t.deepEqual(errorFor(without), [
    'ERR_CARILLON_LAYOUT_STRUCT',
    'core.elf: compiled without failure',
  ])
  t.deepEqual(errorFor(renamed), [
    'ERR_CARILLON_LAYOUT_STRUCT',
    'core.elf: compiled without failure, with mishap, not declared',
  ])
  t.deepEqual(errorFor(wider(wider(without, 'host_status'), 'open_stream')), [
    'ERR_CARILLON_LAYOUT_STRUCT',
    'core.elf: compiled without failure, and 2 more compiled otherwise',
  ])
})
