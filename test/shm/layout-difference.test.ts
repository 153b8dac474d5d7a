import test from 'ava'
import { compareLayouts } from '../../src/shm/compare-layouts.ts'
import { array, type StructType, struct, u8, u32, u64 } from '../../src/shm/layout.ts'
import { showDifferences } from '../../src/shm/layout-difference.ts'
import { declaredRows } from '../../src/shm/layout-table.ts'

const OPTIONS = { writer: 'core', summary: '' } as const

function shown(declared: StructType[], compiled: StructType[]): string[] {
  const differences = compareLayouts(declaredRows(declared), declaredRows(compiled))
  return showDifferences(differences, 'declared', 'compiled: core.elf').split('\n')
}

test('both sides stand side by side, with their cache lines, and what differs is marked', (t) => {
  const declared = struct('s', OPTIONS, { a: u32, list: array(u8, 60), uptimeUs: u32, z: u32 })
  const compiled = struct('s', OPTIONS, { a: u32, list: array(u8, 56), uptimeUs: u32, z: u64 })
  t.deepEqual(shown([declared], [compiled]), [
    'struct carillon_s',
    '  declared                    compiled: core.elf',
    '  offset   size  field        offset   size  field',
    '  --- cache line 0 (0) ---    --- cache line 0 (0) ---',
    '       0      4  a                 0      4  a',
    '!      4     60  list              4     56  list',
    '! --- cache line 1 (64) ---',
    '!     64      4  uptime_us        60      4  uptime_us',
    '!                             --- cache line 1 (64) ---',
    '!     68      4  z                64      8  z',
    '! size 72, alignment 4        size 72, alignment 8',
    '',
  ])
})

test('a field that is on one side only, or has moved, stands on its own', (t) => {
  const declared = struct('s', OPTIONS, { a: u32, b: u32, c: u32 })
  const compiled = struct('s', OPTIONS, { b: u32, c: u32, d: u32 })
  t.deepEqual(shown([declared], [compiled]).slice(4, -1), [
    '!      0      4  a',
    '!      4      4  b                0      4  b',
    '!      8      4  c                4      4  c',
    '!                                 8      4  d',
    '  size 12, alignment 4       size 12, alignment 4',
  ])
})

test('a struct that one side does not have is shown of the other', (t) => {
  const one = struct('one', OPTIONS, { a: u32 })
  const two = struct('two', OPTIONS, { b: u32 })
  t.deepEqual(shown([one], [two]), [
    'struct carillon_one',
    '  declared                   compiled: core.elf',
    '! offset   size  field',
    '! --- cache line 0 (0) ---',
    '!      0      4  a',
    '! size 4, alignment 4        there is no such struct',
    '',
    'struct carillon_two',
    '  declared                  compiled: core.elf',
    '!                           offset   size  field',
    '!                           --- cache line 0 (0) ---',
    '!                                0      4  b',
    '! there is no such struct   size 4, alignment 4',
    '',
  ])
})

test('structs that agree are not shown', (t) => {
  const one = struct('one', OPTIONS, { a: u32 })
  t.deepEqual(shown([one], [one]), [''])
})
