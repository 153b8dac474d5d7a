import test from 'ava'
import {
  choosePlacement,
  chooseThirdCpu,
  findPlacement,
  parseCpuList,
} from '../../bench/placement.ts'

test('a list of CPUs is read as the kernel writes it', (t) => {
  t.deepEqual(parseCpuList('0'), [0])
  t.deepEqual(parseCpuList('0-3,8,10-11'), [0, 1, 2, 3, 8, 10, 11])
})

test('server and load get different cores where there are two', (t) => {
  const byPairs = (cpu: number) => String(Math.floor(cpu / 2))
  t.deepEqual(choosePlacement([0, 1, 2, 3], byPairs), { server: 3, load: 1 })
  t.deepEqual(choosePlacement([4, 7], String), { server: 7, load: 4 })
})

test('threads of one core are better than one CPU, and one CPU has to do where there is no other', (t) => {
  t.deepEqual(
    choosePlacement([0, 1], () => 'the same'),
    { server: 1, load: 0 },
  )
  t.deepEqual(choosePlacement([5], String), { server: 5, load: 5 })
})

test('this machine has a placement', (t) => {
  const { server, load } = findPlacement()
  t.true(Number.isInteger(server) && Number.isInteger(load))
})

test('a third process gets a core of its own where there is one, else a CPU, else the load shares', (t) => {
  const byPairs = (cpu: number) => String(Math.floor(cpu / 2))
  const two = { server: 5, load: 3 }
  t.is(chooseThirdCpu([0, 1, 2, 3, 4, 5], two, byPairs), 1)
  t.is(chooseThirdCpu([2, 3, 4, 5], two, byPairs), 4)
  t.is(chooseThirdCpu([3, 5], two, byPairs), 3)
  t.is(chooseThirdCpu([7], { server: 7, load: 7 }, byPairs), 7)
})
