import test from 'ava'
import { LayoutError } from '../../src/shm/errors.ts'
import { struct, u32 } from '../../src/shm/layout.ts'
import {
  declaredRows,
  LAYOUT_TABLE_ROWS_MAX,
  LayoutTableHeader,
  LayoutTableRow,
  readLayoutTable,
} from '../../src/shm/layout-table.ts'
import { LAYOUT_HASH, LAYOUT_VERSION, STRUCTS } from '../../src/shm/shared-mem.ts'
import { DECLARED, type LayoutImage, layoutImage } from '../support/layout-image.ts'

/** A struct of fields of a word each. */
function rowsOf(name: string, fields: number) {
  return [
    { struct: name, field: '', offset: 4, bytes: fields * 4 },
    ...Array.from({ length: fields }, (_, index) => ({
      ...{ struct: name, field: `f${index}` },
      ...{ offset: index * 4, bytes: 4 },
    })),
  ]
}

test('a table is read as it was compiled', (t) => {
  t.deepEqual(readLayoutTable('core.elf', layoutImage()), {
    ...{ layoutVersion: LAYOUT_VERSION, layoutHash: LAYOUT_HASH },
    rows: DECLARED,
  })
})

test('a table may begin anywhere in its file', (t) => {
  const image = layoutImage()
  for (const shift of [1, 2, 3]) {
    const file = new Uint8Array(image.length + shift)
    file.set(image, shift)
    t.deepEqual(readLayoutTable('core.elf', file.subarray(shift)).rows, DECLARED)
  }
})

test("the declaration's names are in C's spelling, and each has room in a row", (t) => {
  const declared = struct('s', { writer: 'core', summary: '' }, { uptimeUs: u32 })
  t.deepEqual(
    declaredRows([declared]).map(({ field }) => field),
    ['', 'uptime_us'],
  )
  const { structName, fieldName } = LayoutTableRow.fields
  for (const row of declaredRows(STRUCTS)) {
    t.true(row.struct.length < structName.bytes, row.struct)
    t.true(row.field.length < fieldName.bytes, row.field)
  }
})

for (const [what, image, code, says] of [
  ['nothing', new Uint8Array(), 'TABLE', /does not begin as one/],
  ['less than a word', layoutImage().subarray(0, 3), 'TABLE', /does not begin as one/],
  ['another magic', layoutImage({ magic: 1 }), 'TABLE', /does not begin as one/],
  ['a later format', layoutImage({ version: 2 }), 'FORMAT', /of version 2, .* reads version 1/],
  ['no format', layoutImage({ version: 0 }), 'FORMAT', /of version 0/],
  [
    'a later format with a header that is shorter',
    layoutImage({ version: 2 }).subarray(0, 8),
    'FORMAT',
    /of version 2/,
  ],
  ['wider rows', layoutImage({ rowBytes: 76 }), 'TABLE', /its rows have 76 bytes, not 72/],
  ['a row less than it says', layoutImage({ rowCount: DECLARED.length + 1 }), 'TABLE', /rows make/],
  ['a row more than it says', layoutImage({ rowCount: DECLARED.length - 1 }), 'TABLE', /rows make/],
  ['rows beyond number', layoutImage({ rowCount: 0xffffffff }), 'TABLE', /4294967295 rows, more/],
  ['a byte less', layoutImage().subarray(0, -1), 'TABLE', /rows make/],
  ['a header that is cut off', layoutImage().subarray(0, 20), 'TABLE', /its rows|rows make/],
  [
    'a name that would drive a terminal',
    layoutImage({ rows: [{ struct: '\x1b[2J', field: '', offset: 4, bytes: 4 }] }),
    'TABLE',
    /the names in row 0/,
  ],
  [
    'a struct without a name',
    layoutImage({ rows: [{ struct: '', field: '', offset: 4, bytes: 4 }] }),
    'TABLE',
    /the names in row 0/,
  ],
  [
    'a field with a name that is none of C',
    layoutImage({ rows: [...rowsOf('s', 1), { struct: 's', field: '9', offset: 4, bytes: 4 }] }),
    'TABLE',
    /the names in row 2/,
  ],
  [
    'a field without its struct',
    layoutImage({ rows: [{ struct: 's', field: 'f', offset: 0, bytes: 4 }] }),
    'TABLE',
    /s\.f does not follow its struct/,
  ],
  ['a struct twice', layoutImage({ rows: [...DECLARED, ...DECLARED] }), 'TABLE', /is there twice/],
  [
    'a field twice',
    layoutImage({ rows: [...rowsOf('s', 1), { struct: 's', field: 'f0', offset: 4, bytes: 4 }] }),
    'TABLE',
    /s\.f0 is there twice/,
  ],
] as const) {
  test(`a table is refused that has ${what}`, (t) => {
    const error = t.throws(() => readLayoutTable('core.elf', image), { instanceOf: LayoutError })
    t.is(error?.code, `ERR_CARILLON_LAYOUT_${code}`)
    t.regex(error?.message ?? '', /^core\.elf: /)
    t.regex(error?.message ?? '', says)
  })
}

test('as many rows are read as the limit says, and no more', (t) => {
  const most: LayoutImage = { rows: rowsOf('s', LAYOUT_TABLE_ROWS_MAX - 1) }
  t.is(readLayoutTable('core.elf', layoutImage(most)).rows.length, LAYOUT_TABLE_ROWS_MAX)
  const over = layoutImage({ rows: rowsOf('s', LAYOUT_TABLE_ROWS_MAX) })
  t.is(over.length, LayoutTableHeader.bytes + (LAYOUT_TABLE_ROWS_MAX + 1) * LayoutTableRow.bytes)
  t.throws(() => readLayoutTable('core.elf', over), {
    ...{ code: 'ERR_CARILLON_LAYOUT_TABLE', message: /1025 rows, more than 1024/ },
  })
})
