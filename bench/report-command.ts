import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { errorCode } from '../src/errors.ts'
import { newestResults, resultFiles } from './performance/newest-results.ts'
import { makePage, type Page } from './performance/page.ts'
import { REPOSITORY } from './programs.ts'
import { resultsFolder } from './results.ts'

interface ReportOptions {
  readonly quick?: true
  readonly out: string
}

/** Adds `report`: the page of all that was measured. */
export function addReportCommand(program: Command): void {
  program
    .command('report')
    .description('write docs/performance.md from results, with its plots')
    .argument('[FILES...]', 'results that npm run bench wrote (default: all under bench/results/)')
    .option('--quick', 'take those of quick runs too, where there are no others')
    .option('--out <FILE>', 'the page', join(REPOSITORY, 'docs/performance.md'))
    .action((files: string[], { quick, out }: ReportOptions) => {
      const named = files.length > 0 ? files : resultFiles(resultsFolder())
      const results = newestResults(named, quick === true)
      writePage(out, makePage(results, readPage(out)))
      process.stdout.write(`${out}\n`)
    })
}

function readPage(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Plots lie in a folder of the page's name; those of before are taken away. */
function writePage(file: string, { text, plots }: Page): void {
  const folder = join(dirname(file), 'performance')
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.svg') && !plots.has(name)) rmSync(join(folder, name))
  }
  for (const [name, svg] of plots) writeFileSync(join(folder, name), svg)
  writeFileSync(file, text)
}
