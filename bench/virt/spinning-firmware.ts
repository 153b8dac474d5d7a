import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { BenchError } from '../errors.ts'
import { REPOSITORY } from '../programs.ts'

const FIRMWARE = join(REPOSITORY, 'firmware')

/** The firmware of that port whose cores spin where they could sleep, once it was built. */
export function spinningFirmware(port: string): string {
  const program = port === 'hosted' ? 'carillon-core' : 'carillon-core.elf'
  return join(FIRMWARE, 'build', `${port}-spinning`, program)
}

/**
 * Builds it where it is not up to date. Runs at the same time wait for each other.
 *
 * @throws {BenchError} `ERR_CARILLON_BENCH_BUILD`.
 */
export function buildSpinningFirmware(port: string): void {
  const program = spinningFirmware(port)
  const make = [
    ...['make', '-C', FIRMWARE, '-j2', `PORT=${port}`, `BUILD=${join(program, '..')}`],
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
