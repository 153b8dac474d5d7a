import { execFileSync } from 'node:child_process'
import test from 'ava'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { array, f64, struct, text, u8, u16, u32, u64, writtenBy } from '../../src/shm/layout.ts'
import { MpscControl, SharedMem, STRUCTS } from '../../src/shm/shared-mem.ts'
import { listStruct, writersOf } from '../../src/shm/struct-listing.ts'
import { needsTool } from '../support/needs-tool.ts'

test('members stand with their place and writer, holes and cache lines between them', (t) => {
  const line = struct('line', { writer: 'core', summary: '', cacheAligned: true }, { a: u32 })
  const declared = struct(
    'mixed',
    { writer: 'host', summary: 'Of all kinds.' },
    {
      flag: u8,
      rateMax: f64,
      name: text(60),
      fromCore: writtenBy('core', u8),
      pair: array(array(u16, 2), 3),
      line,
      last: u8,
    },
  )
  t.deepEqual(listStruct(declared).split('\n'), [
    '// Of all kinds.',
    'struct carillon_mixed {',
    '\tuint8_t              flag;       /*     0     1  host */',
    '',
    '\t/* XXX 7 bytes hole, try to pack */',
    '',
    '\tdouble               rate_max;   /*     8     8  host */',
    '\tchar                 name[60];   /*    16    60  host */',
    '\t/* --- cacheline 1 boundary (64 bytes) was 12 bytes ago --- */',
    '\tuint8_t              from_core;  /*    76     1  core */',
    '',
    '\t/* XXX 1 byte hole, try to pack */',
    '',
    '\tuint16_t             pair[3][2]; /*    78    12  host */',
    '',
    '\t/* XXX 38 bytes hole, try to pack */',
    '',
    '\t/* --- cacheline 2 boundary (128 bytes) --- */',
    '\tstruct carillon_line line;       /*   128    64  core */',
    '\t/* --- cacheline 3 boundary (192 bytes) --- */',
    '\tuint8_t              last;       /*   192     1  host */',
    '',
    '\t/* size: 256, cachelines: 4, members: 7 */',
    '\t/* sum members: 147, holes: 3, sum holes: 46 */',
    '\t/* padding: 63 */',
    '} __attribute__((__aligned__(64)));',
    '',
  ])
})

test('a struct without holes, padding or alignment of its own has no words about them', (t) => {
  const declared = struct('two', { writer: 'core', summary: 'Two.' }, { a: u32, b: u32 })
  t.deepEqual(listStruct(declared).split('\n'), [
    '// Two.',
    'struct carillon_two {',
    '\tuint32_t a; /*     0     4  core */',
    '\tuint32_t b; /*     4     4  core */',
    '',
    '\t/* size: 8, cachelines: 1, members: 2 */',
    '\t/* last cacheline: 8 bytes */',
    '};',
    '',
  ])
})

test('what is in a struct has the writers of what is in it', (t) => {
  const { fields, writer } = SharedMem
  t.deepEqual(
    Object.entries(fields).map(([field, declared]) => [field, writersOf(declared, writer)]),
    [
      ['header', ['host']],
      ['hostStatus', ['host']],
      ['rings', ['host']],
      ['control', ['host']],
      ['status', ['core']],
      ['traces', ['core', 'host']],
      ['faults', ['core']],
    ],
  )
  t.deepEqual(writersOf(MpscControl, 'core'), ['host', 'producer', 'consumer'])
  t.deepEqual(writersOf(array(u64, 2), 'core'), ['core'])
  t.deepEqual(writersOf(writtenBy('host', array(u64, 2)), 'core'), ['host'])
})

/** What both programs tell in the same way; the rest is pahole's guesses about attributes. */
function comparable(listing: string): string[] {
  return listing
    .replaceAll(/ __attribute__\(\(__aligned__\(\d+\)\)\)/g, '')
    .split('\n')
    .filter((line) => !/^\/\/|last struct has|paddings:|forced alignments:/.test(line))
    .map((line) => line.replace(/ {2}(host|core|producer|consumer|, )+ *\*\/$/, ' */'))
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
}

needsTool(
  test,
  'pahole',
  'apt-get install dwarves',
)('pahole shows every struct of the firmware in the same way', (t) => {
  const names = STRUCTS.map(({ name }) => `carillon_${name}`)
  const inFirmware = names.flatMap((name) => {
    const found = execFileSync('pahole', ['-C', name, HOSTED_FIRMWARE], { encoding: 'utf8' })
    // What no code of the firmware uses is not in its debug information.
    return found === '' ? [] : [{ name, found }]
  })
  t.true(inFirmware.length >= 15, `${inFirmware.length}`)
  for (const { name, found } of inFirmware) {
    const declared = STRUCTS[names.indexOf(name)]
    t.deepEqual(declared && comparable(listStruct(declared)), comparable(found))
  }
})
