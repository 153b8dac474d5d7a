import test from 'ava'
import fc from 'fast-check'
import { compareLayouts } from '../../src/shm/compare-layouts.ts'
import { DECLARED } from '../support/layout-image.ts'

const row = (struct: string, field: string, offset: number, bytes: number) => ({
  ...{ struct, field },
  ...{ offset, bytes },
})
const ONE = [row('one', '', 4, 8), row('one', 'a', 0, 4), row('one', 'b', 4, 4)]
const TWO = [row('two', '', 64, 64), row('two', 'c', 0, 64)]

test('the same rows do not differ, in whatever order', (t) => {
  t.deepEqual(compareLayouts(DECLARED, DECLARED), [])
  t.deepEqual(compareLayouts([...ONE, ...TWO], [...TWO, ...ONE]), [])
  const [itself, a, b] = ONE
  t.deepEqual(
    compareLayouts(
      ONE,
      [itself, b, a].flatMap((one) => one ?? []),
    ),
    [],
  )
})

test('a struct is on both sides of its difference, by the places of its fields', (t) => {
  const compiled = [row('one', '', 8, 16), row('one', 'b', 8, 8), row('one', 'a', 0, 8)]
  t.deepEqual(compareLayouts([...ONE, ...TWO], [...compiled, ...TWO]), [
    {
      struct: 'one',
      declared: ONE,
      compiled: [row('one', '', 8, 16), row('one', 'a', 0, 8), row('one', 'b', 8, 8)],
    },
  ])
})

test('a struct that is on one side only differs, the declared ones first', (t) => {
  t.deepEqual(compareLayouts(ONE, TWO), [
    { struct: 'one', declared: ONE, compiled: [] },
    { struct: 'two', declared: [], compiled: TWO },
  ])
})

test('any number that is changed in any row is a difference of its struct', (t) => {
  fc.assert(
    fc.property(
      fc.nat(DECLARED.length - 1),
      fc.constantFrom('offset', 'bytes'),
      fc.integer({ min: 1, max: 0xffff }),
      (place, key, by) => {
        const compiled = DECLARED.map((one, index) =>
          index === place ? { ...one, [key]: one[key] + by } : one,
        )
        const names = compareLayouts(DECLARED, compiled).map(({ struct }) => struct)
        t.deepEqual(names, [DECLARED[place]?.struct])
      },
    ),
  )
})

test('a row that is missing, more or renamed is a difference of its struct', (t) => {
  for (const [index, { struct, field }] of DECLARED.entries()) {
    const others = DECLARED.filter((_, place) => place !== index)
    if (field === '') continue
    t.deepEqual(
      [compareLayouts(DECLARED, others), compareLayouts(others, DECLARED)].map(
        ([difference, ...more]) => [difference?.struct, more.length],
      ),
      [
        [struct, 0],
        [struct, 0],
      ],
    )
    const renamed = DECLARED.map((one, place) => (place === index ? { ...one, field: 'x' } : one))
    t.is(compareLayouts(DECLARED, renamed)[0]?.struct, struct)
  }
})
