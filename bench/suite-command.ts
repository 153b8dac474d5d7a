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

interface SuiteOptions {
  readonly quick?: true
  readonly rounds?: number
  readonly cells?: readonly string[]
  readonly out?: string
}

const ROUNDS_DEFAULT = 5
/** With fewer the spread of a full run says nothing. */
const ROUNDS_MIN = 5
/** More would be too many orders for the exact test of the comparison, and takes over an hour. */
const ROUNDS_MAX = 25
const QUICK_ROUNDS_DEFAULT = 2

/** Adds a suite to the program. */
export function addSuiteCommand(program: Command, suite: Suite): void {
  program
    .command(suite.name)
    .description(suite.description)
    .option('--quick', 'only show that everything works: short, and no warm-up round')
    .option(
      '--rounds <N>',
      `how often each is measured (default: ${ROUNDS_DEFAULT}, with --quick ${QUICK_ROUNDS_DEFAULT})`,
      parseInteger('--rounds', 1, ROUNDS_MAX),
    )
    .option('--cells <A,B>', `of ${suite.cellNames.join(', ')} (default: all)`, (text: string) =>
      parseCells(suite, text),
    )
    .option('--out <FILE>', 'where the results go, as JSON (default: under bench/results/)')
    .action((options: SuiteOptions) => runSuite(suite, options))
}

async function runSuite(suite: Suite, options: SuiteOptions): Promise<void> {
  const { quick: isQuick = false, cells = suite.cellNames } = options
  const rounds = options.rounds ?? (isQuick ? QUICK_ROUNDS_DEFAULT : ROUNDS_DEFAULT)
  if (!isQuick && rounds < ROUNDS_MIN) {
    throw new UsageError(`--rounds is at least ${ROUNDS_MIN}, unless with --quick`)
  }
  const bar = new ProgressBar(process.stderr)
  try {
    const results = await interruptible((signal) =>
      suite.run(
        { isQuick, rounds, cells },
        {
          signal,
          onProgress: (done, total) => bar.update(done, total),
          onNote: (sentence) => void process.stderr.write(`bench: note: ${sentence}\n`),
        },
      ),
    )
    bar.stop()
    const file = options.out ?? defaultResultsFile(results.suite, results.startedAt)
    writeResults(file, results)
    process.stdout.write(`${suite.report(results)}\n\n${file}\n`)
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
