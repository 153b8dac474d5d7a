import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { BenchError } from './errors.ts'

/** The folder of the checkout; this file runs compiled, from dist/bench/. */
export const REPOSITORY: string = join(import.meta.dirname, '../..')

const SOURCES = join(REPOSITORY, 'bench')

/** A program that `make -C bench` builds. */
export function builtProgram(name: string): string {
  return join(SOURCES, 'build', name)
}

/** Whether the peer on Asio was built: it needs a library that the set-up may not install. */
export function hasAsio(): boolean {
  return existsSync(builtProgram('asio_echo'))
}

/** What to say where it was not. */
export const ASIO_MISSING =
  'the peer "asio" is left out: Asio is missing; to install: apt-get install libasio-dev'

/**
 * Builds what is not up to date. Runs at the same time wait for each other.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_BUILD`.
 */
export function buildPrograms(): void {
  const make = ['make', '-C', SOURCES, `-j${availableParallelism()}`]
  const { status, error, stdout, stderr } = spawnSync(
    'flock',
    [join(SOURCES, 'Makefile'), ...make],
    { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' },
  )
  if (status === 0) return
  const what = error === undefined ? `${stdout}${stderr}`.trim() : error.message
  throw new BenchError(
    'ERR_CARILLON_BENCH_BUILD',
    `the programs of the benchmarks did not build (make -C bench; it takes make, cc and c++: apt-get install build-essential, and flock: apt-get install util-linux): ${what}`,
  )
}
