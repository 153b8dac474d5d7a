import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemReason } from '../src/system-reason.ts'
import { BenchError } from './errors.ts'
import type { Machine } from './machine.ts'
import { REPOSITORY } from './programs.ts'

/** What one contender did in one round: figures by the names of `METRICS`. */
export type Sample = Readonly<Record<string, number>>

/** The rounds of one contender in one cell. */
export interface Series {
  readonly cell: string
  readonly contender: string
  /** Whether this project is measured, and not a peer. */
  readonly isOurs: boolean
  /** What the contender says of itself. */
  readonly about: Readonly<Record<string, unknown>>
  /** In the order of the rounds. Round n of every series of a cell was measured side by side. */
  readonly samples: readonly Sample[]
  /** Why it has no figures: it lost or altered a message, or failed otherwise. There are no samples then. */
  readonly refused?: string
}

/** What a run of a suite found. */
export interface Results {
  readonly format: typeof RESULTS_FORMAT
  readonly suite: string
  /** Whether it only shows that everything works: then the figures mean nothing. */
  readonly isQuick: boolean
  readonly startedAt: string
  readonly machine: Machine
  /** Before the first round and after the last: what else the machine did shows in the first. */
  readonly loadAverage: { readonly before: number; readonly after: number }
  /** The contender by whose figures two runs are compared, so that a slower machine does not count. */
  readonly yardstick: string
  readonly series: readonly Series[]
}

/** Counts up when a file of results of before can no longer be read as one of today. */
export const RESULTS_FORMAT = 1

/** Where results lie if nobody says where to put them. Git ignores it. */
export function resultsFolder(): string {
  return join(REPOSITORY, 'bench/results')
}

/** The file of one run there. */
export function defaultResultsFile(suite: string, startedAt: string): string {
  return join(resultsFolder(), `${suite}-${startedAt.replace(/[:.]/g, '-')}.json`)
}

export function writeResults(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`)
}

/** @throws {BenchError} `ERR_CARILLON_BENCH_RESULTS`. */
export function readResults(file: string): Results {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new BenchError('ERR_CARILLON_BENCH_RESULTS', `${file}: ${systemReason(cause)}`, { cause })
  }
  if (!isResults(value)) {
    throw new BenchError(
      'ERR_CARILLON_BENCH_RESULTS',
      `${file} is not what npm run bench writes (format ${RESULTS_FORMAT})`,
    )
  }
  return value
}

function isResults(value: unknown): value is Results {
  if (!isObject(value)) return false
  const { format, suite, startedAt, isQuick, machine, loadAverage, series } = value
  return (
    format === RESULTS_FORMAT &&
    typeof suite === 'string' &&
    typeof startedAt === 'string' &&
    typeof isQuick === 'boolean' &&
    isObject(machine) &&
    isObject(machine.versions) &&
    isObject(loadAverage) &&
    Array.isArray(series) &&
    series.every(isSeries)
  )
}

function isSeries(value: unknown): value is Series {
  if (!isObject(value)) return false
  const { cell, contender, samples, refused } = value
  if (typeof cell !== 'string' || typeof contender !== 'string' || !Array.isArray(samples)) {
    return false
  }
  // A contender that failed has no figures, whatever it did before.
  if (refused !== undefined) return typeof refused === 'string' && samples.length === 0
  return samples.length > 0 && samples.every(isSample)
}

/** What is no number, as a rate over no time, is null in JSON. */
function isSample(value: unknown): value is Sample {
  return isObject(value) && Object.values(value).every((f) => f === null || typeof f === 'number')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The series of a contender in a cell, if it was measured there. */
export function findSeries(results: Results, cell: string, contender: string): Series | undefined {
  return results.series.find((each) => each.cell === cell && each.contender === contender)
}

/** A figure of every round; empty where the series does not have it. */
export function figuresOf(series: Series | undefined, metric: string): number[] {
  return (series?.samples ?? []).flatMap((sample) => sample[metric] ?? [])
}

/** The same without the contenders that have no figures. */
export function withFigures(results: Results): Results {
  return { ...results, series: results.series.filter(({ refused }) => refused === undefined) }
}

/** A sentence for a contender without figures. */
export function refusalText({ cell, contender, refused }: Series): string {
  return `${contender} has no figure in ${cell}: ${refused}`
}
