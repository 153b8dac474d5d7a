import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { BenchError } from '../errors.ts'
import { REPOSITORY } from '../programs.ts'
import type { MeasuredKind } from './contenders.ts'

const FIRMWARE = join(REPOSITORY, 'firmware')
const PROGRAMS = { hosted: 'carillon-core', virt: 'carillon-core.elf' } as const

/** The firmware of that kind of core whose cores spin where they could sleep, once it was built. */
export function spinningFirmware(kind: MeasuredKind): string {
  return join(FIRMWARE, 'build', `${kind}-spinning`, PROGRAMS[kind])
}

/**
 * Builds it where it is not up to date. Runs at the same time wait for each other.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_BUILD`.
 */
export function buildSpinningFirmware(kind: MeasuredKind): void {
  const program = spinningFirmware(kind)
  const make = [
    ...['make', '-C', FIRMWARE, '-j2', `PORT=${kind}`, `BUILD=${join(program, '..')}`],
    ...['CORE=$(wildcard core/*.c) test/never_sleep.c'],
    ...['LDFLAGS=-Wl,--wrap=ring_consumer_try_sleep', program],
  ]
  const { status, error, stdout, stderr } = spawnSync(
    'flock',
    [join(FIRMWARE, 'Makefile'), ...make],
    { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' },
  )
  if (status === 0) return
  const what = error === undefined ? `${stdout}${stderr}`.trim() : error.message
  throw new BenchError('ERR_CARILLON_BENCH_BUILD', `the spinning firmware did not build: ${what}`)
}
