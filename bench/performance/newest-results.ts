import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemReason } from '../../src/system-reason.ts'
import { BenchError } from '../errors.ts'
import { readResults } from '../results.ts'
import type { ResultsBySuite } from './plan.ts'

/** The files of results in a folder, in the order of their names. */
export function resultFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => join(folder, name))
  } catch (cause) {
    throw new BenchError('ERR_CARILLON_BENCH_RESULTS', `${folder}: ${systemReason(cause)}`, {
      cause,
    })
  }
}

/**
 * The newest results of each suite.
 *
 * @param takesQuick whether those of quick runs are taken too, for want of others.
 * @throws {BenchError} `ERR_CARILLON_BENCH_RESULTS` where a file cannot be read, whichever it is, or
 *   none is left.
 */
export function newestResults(files: readonly string[], takesQuick: boolean): ResultsBySuite {
  const all = files.map(readResults).filter(({ isQuick }) => takesQuick || !isQuick)
  if (all.length === 0) {
    throw new BenchError(
      'ERR_CARILLON_BENCH_RESULTS',
      `there are no results to report${takesQuick ? '' : ' but of quick runs, which mean nothing'}: npm run bench -- all`,
    )
  }
  const oldestFirst = [...all].sort(
    (a, b) =>
      Number(b.isQuick) - Number(a.isQuick) ||
      (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0),
  )
  return new Map(oldestFirst.map((results) => [results.suite, results]))
}
