import test from 'ava'
import fc from 'fast-check'
import { alignLists } from '../../src/shm/align-lists.ts'

const align = (left: string, right: string) =>
  alignLists([...left], [...right], (item) => item).map(([one = '-', other = '-']) => one + other)

test('what is on both sides stands side by side', (t) => {
  t.deepEqual(align('abc', 'abc'), ['aa', 'bb', 'cc'])
  t.deepEqual(align('abd', 'acd'), ['aa', 'b-', '-c', 'dd'])
  t.deepEqual(align('abc', ''), ['a-', 'b-', 'c-'])
  t.deepEqual(align('', 'ab'), ['-a', '-b'])
  t.deepEqual(align('', ''), [])
})

test('what has moved stands on its own, so that each side keeps its order', (t) => {
  t.deepEqual(align('abcd', 'bcda'), ['a-', 'bb', 'cc', 'dd', '-a'])
})

test('both sides are whole and in order, and pairs have one key, whatever the lists', (t) => {
  const list = fc.array(fc.constantFrom(...'abcdef'), { maxLength: 30 })
  fc.assert(
    fc.property(list, list, (left, right) => {
      const pairs = alignLists(left, right, (item) => item)
      t.deepEqual(
        pairs.flatMap(([one]) => one ?? []),
        left,
      )
      t.deepEqual(
        pairs.flatMap(([, other]) => other ?? []),
        right,
      )
      for (const [one, other] of pairs) {
        t.true(one === other || one === undefined || other === undefined)
      }
    }),
  )
})
