import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { buildPrograms, builtProgram, REPOSITORY } from '../../../bench/programs.ts'
import { figuresOf, readResults } from '../../../bench/results.ts'
import { CELLS } from '../../../bench/rings/cells.ts'
import { CONTENDERS, YARDSTICK } from '../../../bench/rings/contenders.ts'
import { measure } from '../../../bench/rings/measure.ts'
import { hasRingbuf, RINGBUF_MISSING } from '../../../bench/rings/ringbuf.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { runProgram } from '../program-run.ts'

test.before(() => buildPrograms())

const ONE_CPU = { server: 0, load: 0 }

async function bench(t: ExecutionContext, ...args: string[]) {
  return await runProgram(t, process.execPath, join(REPOSITORY, 'dist/bench/main.js'), ...args)
}

test('a quick run measures every contender in every cell', async (t) => {
  const file = join(temporaryFolder(t), 'rings.json')
  const { code, stdout, stderr } = await bench(
    ...([t, 'rings', '--quick', '--rounds', '1', '--out', file] as const),
  )
  t.deepEqual([code, stderr], [0, hasRingbuf() ? '' : `bench: note: ${RINGBUF_MISSING}\n`])
  const results = readResults(file)
  t.true(results.isQuick)
  const planned = CELLS.flatMap((cell) =>
    CONTENDERS.filter(
      ({ name, cells }) =>
        (cells as readonly string[]).includes(cell.name) && (name !== 'ringbuf.js' || hasRingbuf()),
    ).map(({ name }) => `${cell.name} ${name}`),
  )
  t.deepEqual(
    results.series.map(({ cell, contender }) => `${cell} ${contender}`),
    planned,
  )
  for (const series of results.series) {
    const { metric } = CELLS.find(({ name }) => name === series.cell) ?? { metric: '' }
    for (const name of ['messages', metric]) {
      const [figure = 0, ...more] = figuresOf(series, name)
      t.true(figure > 0 && more.length === 0, `${series.cell} ${series.contender} ${name}`)
    }
  }
  for (const { title } of CELLS) t.true(stdout.includes(title), title)
  t.regex(stdout, /^This was a quick run: .* The figures mean nothing\.\n/)
  const rows = stdout.split('\n').filter((line) => line.includes('±'))
  t.is(rows.length, planned.length)
  for (const row of rows) t.true(row.length <= 120, row)
})

test('only the cells that were asked for are measured, and of no other name', async (t) => {
  const file = join(temporaryFolder(t), 'rings.json')
  const cells = ['--cells', 'round-trip'] as const
  const { code } = await bench(t, 'rings', '--quick', '--rounds', '1', '--out', file, ...cells)
  t.is(code, 0)
  t.deepEqual([...new Set(readResults(file).series.map(({ cell }) => cell))], ['round-trip'])
  const wrong = await bench(t, 'rings', '--cells', 'one-way,bulk')
  t.is(wrong.code, 2)
  t.regex(wrong.stderr, /--cells takes names of one-way, round-trip, .*, not "bulk"/)
})

test('no two contenders of a cell have one name, and the yardstick is in every cell', (t) => {
  for (const cell of CELLS) {
    const names = CONTENDERS.filter(({ cells }) =>
      (cells as readonly string[]).includes(cell.name),
    ).map(({ name }) => name as string)
    t.is(new Set(names).size, names.length)
    t.true(names.includes(YARDSTICK))
  }
})

const node = (script: string) => [process.execPath, '--eval', script, '--']
const READY = `require('node:fs').writeSync(1, '{"event":"ready"}\\n');`
const RING = [builtProgram('ring_carillon')]

async function measureSides(partner: readonly string[], driver: readonly string[]) {
  const [cell] = CELLS
  if (cell === undefined) throw new Error('there is no cell')
  const never = new AbortController().signal
  const times = { warmupMs: 0, durationMs: 20 }
  return await measure({ name: 'odd', partner, driver }, cell, times, ONE_CPU, never)
}

const failures: Record<string, [readonly string[], readonly string[], RegExp]> = {
  'does not start': [
    node('console.error("no luck"); process.exitCode = 3'),
    RING,
    /a side ended too early; "send" ended with exit code 3: no luck$/,
  ],
  'ends while it is measured': [
    node(`${READY} setTimeout(() => process.exit(4), 50)`),
    RING,
    /a side ended too early; "send" ended with exit code 4: it said nothing$/,
  ],
  'says something else': [node('console.log("{}")'), RING, /a side said \{\}/],
  'cannot be run': [
    ['/nowhere/at/all'],
    RING,
    /a side ended too early; "send" ended with .*nowhere/,
  ],
  'does not measure': [
    RING,
    node('console.error("no figures"); process.exitCode = 5'),
    /a side ended too early; "receive" ended with exit code 5: no figures$/,
  ],
  'measures nothing': [
    RING,
    node(`console.log('{"event":"result","messages":0}')`),
    /no message was measured/,
  ],
}

for (const [what, [partner, driver, message]] of Object.entries(failures)) {
  test(`a side that ${what} is an error that says why`, async (t) => {
    await t.throwsAsync(() => measureSides(partner, driver), {
      code: 'ERR_CARILLON_BENCH_SERVER',
      message,
    })
  })
}

/** Writes a record of this project's ring whose payload is all zeroes, which no message is. */
const WRONG_MESSAGES = `
  const words = new Int32Array(128 / 4 + 80 / 4)
  words[0] = 80
  words[32] = 64
  words[33] = 1
  require('node:fs').writeSync(3, new Uint8Array(words.buffer), 0, words.byteLength, 0)
  ${READY}
  setInterval(() => {}, 1e6)`

const RING_IN_TYPESCRIPT = [process.execPath, join(REPOSITORY, 'dist/bench/rings/ring-process.js')]

for (const [language, driver] of [
  ['C', RING],
  ['TypeScript', RING_IN_TYPESCRIPT],
] as const) {
  test(`a receiver in ${language} notices a message that is another one`, async (t) => {
    await t.throwsAsync(() => measureSides(node(WRONG_MESSAGES), driver), {
      code: 'ERR_CARILLON_BENCH_SERVER',
      message: /message 0 came as another one, which begins with 0 and ends with 0/,
    })
  })
}

// Alone, because the sides of other tests are children of this process as well.
test.serial('an interrupted measurement leaves no process behind', async (t) => {
  const controller = new AbortController()
  const [cell] = CELLS
  if (cell === undefined) throw new Error('there is no cell')
  const times = { warmupMs: 0, durationMs: 60_000 }
  const contender = { name: 'ours', partner: RING, driver: RING }
  const running = measure(contender, cell, times, ONE_CPU, controller.signal)
  const interruptWhenBothRun = () => {
    if (sidesOf(RING[0]).length === 2) controller.abort(new Error('interrupted'))
    else if (!controller.signal.aborted) setImmediate(interruptWhenBothRun)
  }
  interruptWhenBothRun()
  t.teardown(() => controller.abort())
  await t.throwsAsync(running, { message: 'interrupted' })
  t.deepEqual(sidesOf(RING[0]), [])
})

/** The processes that run that program as children of this one. */
function sidesOf(program: string | undefined): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const isMine = readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${process.pid}\n`)
      return isMine && readlinkSync(`/proc/${pid}/exe`) === program
    } catch {
      return false // it is no process, or no longer
    }
  })
}

test('a program that is called wrongly says how it is called', async (t) => {
  for (const name of ['ring_carillon', 'ring_slots', 'ring_socket']) {
    for (const [args, message] of [
      [[], /takes one role: send, receive, answer or call/],
      [['listen'], /takes one role/],
      [['send', 'more'], /takes one role/],
      [['send', '--batch', '0'], /--batch takes a whole number from 1 to 64, not "0"/],
      [['send', '--batch', '65'], /not "65"/],
      [['receive', '--duration-ms', '0'], /--duration-ms takes/],
      [['send', '--fast'], /unrecognized option '--fast'/],
    ] as const) {
      const { code, stderr } = await runProgram(t, builtProgram(name), ...args)
      t.is(code, 2, `${name} ${args.join(' ')}`)
      t.regex(stderr, message)
    }
  }
})
