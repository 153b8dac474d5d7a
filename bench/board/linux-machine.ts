import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errorMessage } from '../../src/errors.ts'
import { BenchError } from '../errors.ts'
import { REPOSITORY } from '../programs.ts'

/** scripts/machine/linux-machine.mjs, as much of it as is used here. */
export interface LinuxMachine {
  hold(): Promise<number | undefined>
  run(command: string): Promise<{ status: number; output: string } | undefined>
  kill(): Promise<void>
}

interface Target {
  readonly name: string
}

/** Where Carillon's disk is in the machine. */
export const GUEST = '/opt/carillon'

/** What measures there, and what it imports. */
export const GUEST_PROGRAMS = [
  'dist/bench/virt',
  'dist/bench/rings',
  'dist/bench/process-figures.js',
]

/** Whether a machine of that board can be put together here: its packages were fetched. */
export async function hasMachine(board: string): Promise<boolean> {
  const { isFetched, target, cache } = await scriptsFor(board)
  return isFetched(target, cache)
}

/**
 * Starts Linux beside the firmware on a machine in QEMU, with the programs of the benchmarks in it. Its
 * cores and ports are free: its own server is held.
 *
 * @param firmware what programs there need besides, as a path in the checkout.
 * @throws {BenchError} `ERR_CARILLON_BENCH_SERVER`.
 */
export async function startMachine(
  board: string,
  firmware: string,
  signal: AbortSignal,
): Promise<LinuxMachine> {
  const { buildImage, Machine, target, cache } = await scriptsFor(board)
  const besides = [...GUEST_PROGRAMS, firmware]
  try {
    const image = await buildImage(REPOSITORY, target, { cache, mayFetch: false, besides })
    const machine = await Machine.start(image, target, { signal })
    await machine.hold()
    return machine
  } catch (cause) {
    signal.throwIfAborted()
    const why = `the machine ${board} did not start: ${errorMessage(cause)}`
    throw new BenchError('ERR_CARILLON_BENCH_SERVER', why, { cause })
  }
}

/** The scripts are plain JavaScript: what is used of them is said here. */
async function scriptsFor(board: string) {
  const { buildImage, isFetched } = await importScript<{
    buildImage(root: string, target: Target, options: object): Promise<object>
    isFetched(target: Target, cache: string): boolean
  }>('build-image')
  const { LinuxMachine: Machine } = await importScript<{
    LinuxMachine: { start(image: object, target: Target, options: object): Promise<LinuxMachine> }
  }>('linux-machine')
  const { machineBoard } = await importScript<{ machineBoard(name: string): Target }>('boards')
  const { cacheFolder } = await importScript<{ cacheFolder(): string }>('cache-folder')
  return { buildImage, isFetched, Machine, target: machineBoard(board), cache: cacheFolder() }
}

async function importScript<Exports>(name: string): Promise<Exports> {
  const path = join(REPOSITORY, 'scripts/machine', `${name}.mjs`)
  return (await import(pathToFileURL(path).href)) as Exports
}
