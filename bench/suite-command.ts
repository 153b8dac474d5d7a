import { join } from 'node:path'
import type { Command } from 'commander'
import { UsageError } from '../src/cli/errors.ts'
import { interruptible } from '../src/cli/interruption.ts'
import { parseInteger } from '../src/cli/option-values.ts'
import { ProgressBar } from '../src/cli/progress-bar.ts'
import { defaultResultsFile, type Results, writeResults } from './results.ts'
import type { Plan, Surroundings } from './rounds.ts'

/** What `npm run bench` can measure in one go. */
export interface Suite {
  readonly name: string
  readonly description: string
  /** As `--cells` takes them. */
  readonly cellNames: readonly string[]
  run(plan: Plan, surroundings: Surroundings): Promise<Results>
  /** The results for reading. */
  report(results: Results): string
}

interface RunOptions {
  readonly quick?: true
  readonly rounds?: number
  readonly out?: string
}

interface SuiteOptions extends RunOptions {
  readonly cells?: readonly string[]
}

const ROUNDS_DEFAULT = 5
/** With fewer the spread of a full run says nothing. */
const ROUNDS_MIN = 5
/** More would be too many orders for the exact test of the comparison, and takes over an hour. */
const ROUNDS_MAX = 25
const QUICK_ROUNDS_DEFAULT = 2

/** Adds a suite to the program. */
export function addSuiteCommand(program: Command, suite: Suite): void {
  addRunOptions(program.command(suite.name).description(suite.description))
    .option('--cells <A,B>', `of ${suite.cellNames.join(', ')} (default: all)`, (text: string) =>
      parseCells(suite, text),
    )
    .option('--out <FILE>', 'where the results go, as JSON (default: under bench/results/)')
    .action(async (options: SuiteOptions) => {
      const plan = planOf(options, options.cells ?? suite.cellNames)
      await interruptible((signal) => runSuite(suite, plan, signal, options.out))
    })
}

/** Adds `all`: every suite, one after the other. */
export function addAllCommand(program: Command, suites: readonly Suite[]): void {
  addRunOptions(
    program.command('all').description('all suites, one after the other; one that fails ends it'),
  )
    .option('--out <FOLDER>', 'where the results go, a file for each (default: bench/results/)')
    .action(async (options: RunOptions) => {
      // Before any of them: a mistake is told at once, and not after an hour.
      const plans = suites.map((suite) => planOf(options, suite.cellNames))
      const { out } = options
      await interruptible(async (signal) => {
        for (const [index, suite] of suites.entries()) {
          const file = out === undefined ? undefined : join(out, `${suite.name}.json`)
          process.stdout.write(`${index === 0 ? '' : '\n'}${suite.name}: ${suite.description}\n\n`)
          await runSuite(suite, plans[index] as Plan, signal, file)
        }
      })
    })
}

function addRunOptions(command: Command): Command {
  return command
    .option('--quick', 'only show that everything works: short, and no warm-up round')
    .option(
      '--rounds <N>',
      `how often each is measured (default: ${ROUNDS_DEFAULT}, with --quick ${QUICK_ROUNDS_DEFAULT})`,
      parseInteger('--rounds', 1, ROUNDS_MAX),
    )
}

/** @throws {UsageError} where so few rounds would say nothing. */
function planOf(options: RunOptions, cells: readonly string[]): Plan {
  const { quick: isQuick = false } = options
  const rounds = options.rounds ?? (isQuick ? QUICK_ROUNDS_DEFAULT : ROUNDS_DEFAULT)
  if (!isQuick && rounds < ROUNDS_MIN) {
    throw new UsageError(`--rounds is at least ${ROUNDS_MIN}, unless with --quick`)
  }
  return { isQuick, rounds, cells }
}

/** Measures, writes the results and prints them. The exit code is 1 where a peer has no figure. */
async function runSuite(
  suite: Suite,
  plan: Plan,
  signal: AbortSignal,
  out: string | undefined,
): Promise<void> {
  const bar = new ProgressBar(process.stderr)
  try {
    const results = await suite.run(plan, {
      signal,
      onProgress: (done, total) => bar.update(done, total),
      onNote: (sentence) => void process.stderr.write(`bench: note: ${sentence}\n`),
    })
    bar.stop()
    const file = out ?? defaultResultsFile(results.suite, results.startedAt)
    writeResults(file, results)
    process.stdout.write(`${suite.report(results)}\n\n${file}\n`)
    if (results.series.some(({ refused }) => refused !== undefined)) process.exitCode = 1
  } finally {
    bar.stop()
  }
}

function parseCells({ cellNames }: Suite, text: string): string[] {
  const names = text.split(',')
  const unknown = names.find((name) => !cellNames.includes(name))
  if (unknown === undefined) return names
  throw new UsageError(`--cells takes names of ${cellNames.join(', ')}, not "${unknown}"`)
}
