import test from 'ava'
import { echoReport } from '../../bench/echo/report.ts'
import { BenchError } from '../../bench/errors.ts'
import { type Bout, measureInRounds } from '../../bench/rounds.ts'

const PLAN = { isQuick: true, rounds: 3, cells: ['bulk'] }

/** What a run finds, and the notes that it makes. */
async function measured(...bouts: Bout[]) {
  const notes: string[] = []
  const results = await measureInRounds({ suite: 'echo', yardstick: 'c-epoll' }, bouts, PLAN, {
    signal: new AbortController().signal,
    onProgress: () => {},
    onNote: (sentence) => notes.push(sentence),
  })
  return { results, notes }
}

function bout(contender: string, isOurs: boolean, figures: readonly (number | Error)[]): Bout {
  const left = [...figures]
  return {
    ...{ cell: 'bulk', contender, isOurs },
    async measure() {
      const figure = left.shift()
      if (figure instanceof Error) throw figure
      return { sample: { messagesPerS: figure ?? 0 }, about: {} }
    },
  }
}

const altered = new BenchError('ERR_CARILLON_BENCH_LOAD', 'message 7 came back altered')

test('a peer that alters a message in any round has no figure, and the others go on', async (t) => {
  const { results, notes } = await measured(
    bout('carillon', true, [10, 11, 12]),
    bout('c-epoll', false, [777, altered, 777]),
    bout('asio', false, [7, 8, 9]),
  )
  const [ours, refused, other] = results.series
  t.deepEqual(ours?.samples, [{ messagesPerS: 10 }, { messagesPerS: 11 }, { messagesPerS: 12 }])
  t.deepEqual(refused?.samples, [])
  t.is(refused?.refused, 'message 7 came back altered')
  t.is(other?.samples.length, 3)
  t.deepEqual(notes, ['c-epoll has no figure in bulk: message 7 came back altered'])
  const text = echoReport(results)
  t.true(text.includes('c-epoll has no figure in bulk: message 7 came back altered'))
  t.false(text.includes('777'))
})

test('what fails of this project ends the run, and so does what is nobody’s fault', async (t) => {
  await t.throwsAsync(() => measured(bout('carillon', true, [altered])), { is: altered })
  const notBuilt = new BenchError('ERR_CARILLON_BENCH_BUILD', 'no compiler')
  await t.throwsAsync(() => measured(bout('asio', false, [notBuilt])), { is: notBuilt })
  const interrupted = new Error('interrupted')
  await t.throwsAsync(() => measured(bout('asio', false, [interrupted])), { is: interrupted })
})
