import test from 'ava'
import { importScript } from '../../support/repository.ts'
import type { SoakRun, SoakSize } from '../../support/soak.ts'

const { readArguments } = await importScript<{
  readArguments(words: string[]): {
    name: string | undefined
    minutes: number
    messages?: number
    board?: string
  }
}>('soaking/soaks.mjs')
const { runSoak } = await importScript<{
  runSoak(
    module: { soak(run: SoakRun): Promise<void> },
    size: SoakSize,
    said: Pick<SoakRun, 'progress' | 'tell'>,
  ): Promise<{ error?: unknown; signal?: string }>
}>('soaking/run-soak.mjs')

const SIZE = { durationMs: 1, clients: 1, messages: 1 }

const quiet = { progress: () => {}, tell: () => {} }

test('a soak is named, or not, and goes on for five minutes, its own messages, or as told', (t) => {
  const messages = undefined
  t.deepEqual(readArguments([]), { name: undefined, minutes: 5, messages })
  t.deepEqual(readArguments(['kills']), { name: 'kills', minutes: 5, messages })
  t.deepEqual(readArguments(['kills', '--minutes', '0.5']), {
    ...{ name: 'kills', minutes: 0.5, messages },
  })
  t.is(readArguments(['--minutes=10080', 'kills']).minutes, 10_080)
  t.is(readArguments(['virt', '--messages', '1']).messages, 1)
  t.is(readArguments(['machine']).messages, undefined)
  t.is(readArguments(['machine', '--messages', '10000000']).messages, 10_000_000)
  t.is(readArguments(['machine', '--board', 'qemu-virt']).board, 'qemu-virt')
  t.is(readArguments(['virt', '--messages', '1000000000']).messages, 1_000_000_000)
})

test('what makes no sense is refused with what would', (t) => {
  for (const [words, says] of [
    [['kills', 'clients'], /^One soak at a time, not kills and clients$/],
    [['--minutes', '0'], /^--minutes takes a number above 0, at most 10080, not "0"$/],
    [['--minutes', '10081'], /not "10081"$/],
    [['--minutes', 'long'], /not "long"$/],
    [['--messages', '0'], /^--messages takes a whole number above 0, at most 1000000000, not "0"$/],
    [['--messages', '1000000001'], /not "1000000001"$/],
    [['--messages', '1.5'], /not "1.5"$/],
    [
      ['--loud'],
      /^npm run soak -- \[NAME\] \[--minutes N\] \[--messages N\] \[--board NAME\]: .*'--loud'/,
    ],
  ] as const) {
    t.throws(() => readArguments([...words]), { message: says }, words.join(' '))
  }
})

test('what a soak has started ends with it, the last first, however it ends', async (t) => {
  const calls: string[] = []
  const starting = (then: (run: SoakRun) => Promise<void>) => ({
    soak: async (run: SoakRun) => {
      run.teardown(() => void calls.push('first'))
      run.teardown(async () => void calls.push('second'))
      await then(run)
    },
  })
  const well = starting(async ({ progress, tell }) => {
    progress('half')
    tell('all')
  })
  const said = {
    progress: (text: string) => void calls.push(text),
    tell: (text: string) => void calls.push(`${text} told`),
  }
  t.deepEqual(await runSoak(well, SIZE, said), {})
  t.deepEqual(calls.splice(0), ['half', 'all told', 'second', 'first'])

  const oops = new Error('oops')
  const failing = starting(() => Promise.reject(oops))
  t.deepEqual(await runSoak(failing, SIZE, quiet), { error: oops })
  t.deepEqual(calls.splice(0), ['second', 'first'])

  const endless = starting(() => {
    process.emit('SIGHUP', 'SIGHUP')
    return new Promise(() => {})
  })
  t.deepEqual(await runSoak(endless, SIZE, quiet), { signal: 'SIGHUP' })
  t.deepEqual(calls.splice(0), ['second', 'first'])
  t.is(process.listenerCount('SIGHUP'), 0)
})
