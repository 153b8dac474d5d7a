import type { Command } from 'commander'
import { shortNumber, textTable } from '../src/cli/text-table.ts'
import { compareResults, type Move } from './comparison.ts'
import { type Results, readResults } from './results.ts'

/** Adds `compare` to the program: what moved between two runs of a suite. */
export function addCompareCommand(program: Command): void {
  program
    .command('compare')
    .description('say what moved beyond noise between two runs; exit code 1 if something got worse')
    .argument('<OLD.json>', 'results that npm run bench wrote')
    .argument('<NEW.json>', 'results of a later run of the same suite')
    .action((oldFile: string, newFile: string) => {
      const [before, after] = [readResults(oldFile), readResults(newFile)]
      const moves = compareResults(before, after)
      process.stdout.write(`${comparisonText(before, after, moves)}\n`)
      if (moves.some(({ verdict }) => verdict === 'worse')) process.exitCode = 1
    })
}

function comparisonText(before: Results, after: Results, moves: readonly Move[]): string {
  const notes: string[] = []
  if (JSON.stringify(before.machine) !== JSON.stringify(after.machine)) {
    notes.push('note: the two runs are not of the same machine and versions')
  }
  const rows = moves.map(({ cell, contender, metric, before, after, chance, verdict }) => [
    `${cell} ${contender}`,
    metric,
    shortNumber(before),
    shortNumber(after),
    `${after >= before ? '+' : ''}${((after / before - 1) * 100).toFixed(1)} %`,
    chance.toFixed(3),
    verdict,
  ])
  const header = ['', 'figure', 'before', 'after', 'change', 'chance', '']
  const count = (wanted: Move['verdict']) => moves.filter((m) => m.verdict === wanted).length
  return [
    ...notes,
    `Rates and p99 are relative to ${after.yardstick} of the same round.`,
    textTable([header, ...rows]),
    `${count('worse')} worse, ${count('better')} better, ${count('within noise')} within noise`,
  ].join('\n')
}
