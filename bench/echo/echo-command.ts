import type { Command } from 'commander'
import { UsageError } from '../../src/cli/errors.ts'
import { interruptible } from '../../src/cli/interruption.ts'
import { parseInteger } from '../../src/cli/option-values.ts'
import { ProgressBar } from '../../src/cli/progress-bar.ts'
import { defaultResultsFile, writeResults } from '../results.ts'
import { CELLS } from './cells.ts'
import { runEchoSuite } from './echo-suite.ts'
import { echoReport } from './report.ts'

interface EchoOptions {
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

/** Adds the suite `echo` to the program: this project's echo server among others. */
export function addEchoCommand(program: Command): void {
  program
    .command('echo')
    .description("this project's echo server beside those of others: C on epoll, Asio, Node's net")
    .option('--quick', 'only show that everything works: short, few connections, no warm-up')
    .option(
      '--rounds <N>',
      `how often each is measured (default: ${ROUNDS_DEFAULT}, with --quick ${QUICK_ROUNDS_DEFAULT})`,
      parseInteger('--rounds', 1, ROUNDS_MAX),
    )
    .option('--cells <A,B>', `of ${cellNames().join(', ')} (default: all)`, parseCells)
    .option('--out <FILE>', 'where the results go, as JSON (default: under bench/results/)')
    .action(runEchoCommand)
}

async function runEchoCommand(options: EchoOptions): Promise<void> {
  const { quick: isQuick = false, cells = cellNames() } = options
  const rounds = options.rounds ?? (isQuick ? QUICK_ROUNDS_DEFAULT : ROUNDS_DEFAULT)
  if (!isQuick && rounds < ROUNDS_MIN) {
    throw new UsageError(`--rounds is at least ${ROUNDS_MIN}, unless with --quick`)
  }
  const bar = new ProgressBar(process.stderr)
  try {
    const results = await interruptible((signal) =>
      runEchoSuite(
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
    process.stdout.write(`${echoReport(results)}\n\n${file}\n`)
  } finally {
    bar.stop()
  }
}

function cellNames(): string[] {
  return CELLS.map(({ name }) => name)
}

function parseCells(text: string): string[] {
  const names = text.split(',')
  const unknown = names.find((name) => !cellNames().includes(name))
  if (unknown === undefined) return names
  throw new UsageError(`--cells takes names of ${cellNames().join(', ')}, not "${unknown}"`)
}
