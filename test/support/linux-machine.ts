import type { EventEmitter } from 'node:events'
import { join, relative } from 'node:path'
import { GUEST, GUEST_PROGRAMS } from '../../bench/board/linux-machine.ts'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'
import { readBoard } from '../../src/cores/read-board.ts'
import { writeFaultyFirmware } from './faulty-firmware.ts'
import { buildFaultsFirmware, buildSoakFirmware } from './firmware-tool.ts'
import { importScript, REPOSITORY } from './repository.ts'

/** scripts/machine/linux-machine.mjs. */
export interface Machine extends EventEmitter {
  /** Of this machine's loopback: they lead to 5555 and 8080 in the machine. */
  readonly port: number
  readonly consolePort: number
  readonly pid: number
  readonly exited: Promise<{ code: number | null }>
  run(command: string): Promise<{ status: number; output: string } | undefined>
  hold(): Promise<number | undefined>
  serve(): Promise<void>
  reboot(): Promise<void>
  powerOff(): Promise<boolean>
  kill(): Promise<void>
}

export interface MachineTarget {
  readonly name: string
}

export interface StartOptions {
  readonly port?: number
  readonly consolePort?: number
  readonly serve?: readonly string[]
  /** Ends the machine at once where it is not ready yet. */
  readonly signal?: AbortSignal
}

export const { LinuxMachine } = await importScript<{
  LinuxMachine: {
    start(image: object, target: MachineTarget, options?: StartOptions): Promise<Machine>
  }
}>('machine/linux-machine.mjs')
const { buildImage, isFetched } = await importScript<{
  buildImage(root: string, target: MachineTarget, options: object): Promise<object>
  isFetched(target: MachineTarget, cache: string): boolean
}>('machine/build-image.mjs')
export const { machineBoard } = await importScript<{
  /** @throws where there is no such board. */
  machineBoard(name: string): MachineTarget
}>('machine/boards.mjs')
const { cacheFolder } = await importScript<{ cacheFolder(): string }>('machine/cache-folder.mjs')
const { inCi } = await importScript<{ inCi(): boolean }>('testing/in-ci.mjs')

const CACHE = cacheFolder()

/** What runs there for tests, and what it imports. */
const PROGRAMS = [
  ...GUEST_PROGRAMS,
  'dist/test/machine/guest',
  'dist/test/support/checked-message.js',
  'dist/test/support/message-exchange.js',
  'dist/test/support/soak.js',
]

/** Whether the machine can be put together here: in CI what is missing is fetched. */
export function canRun(target: MachineTarget): boolean {
  return inCi() || isFetched(target, CACHE)
}

/** An image whose programs and firmware for tests are there besides: paths in the machine. */
export interface TestImage {
  readonly image: object
  /** Of which each core answers checked messages. */
  readonly soakFirmware: string
  /**
   * Has the effect `fault`, and with a list of values, as the effect `fir` takes one, a core writes to
   * Linux's memory at {@link linuxAddress}.
   */
  readonly faultyFirmware: string
}

/**
 * Builds the image of a board for tests.
 *
 * @param tell is told what is being done, where something is.
 * @throws where it cannot be built: where its packages were not fetched, `ERR_CARILLON_IMAGE_OFFLINE`.
 */
export async function buildTestImage(
  target: MachineTarget,
  tell: (line: string) => void = () => {},
): Promise<TestImage> {
  const { name } = target
  tell(`Compiling the firmware of ${name} for tests`)
  const faulty = join(REPOSITORY, 'firmware/build', `${name}-trespassing.elf`)
  const soak = await buildSoakFirmware(name)
  const original = await buildFaultsFirmware(name, 'machine')
  await writeFaultyFirmware(faulty, { kind: name }, writeWord(linuxAddress(name)), original)
  const [soakFirmware, faultyFirmware] = [soak, faulty].map((path) => relative(REPOSITORY, path))
  const besides = [...PROGRAMS, soakFirmware, faultyFirmware]
  const options = { cache: CACHE, mayFetch: inCi(), besides, tell }
  const image = await buildImage(REPOSITORY, target, options)
  return {
    image,
    soakFirmware: `${GUEST}/${soakFirmware}`,
    faultyFirmware: `${GUEST}/${faultyFirmware}`,
  }
}

/** Builds the image of a board that `npm run machine` starts. */
export async function buildOwnImage(target: MachineTarget): Promise<void> {
  await buildImage(REPOSITORY, target, { cache: CACHE, mayFetch: inCi() })
}

/** In the middle of Linux's memory. */
export function linuxAddress(board: string): number {
  return readBoard(board).memory.ram.address + 0x1000_0000
}

/** The firmware that the machine's server runs, there. */
export function guestFirmware(board: string): string {
  return `${GUEST}/${relative(REPOSITORY, bareMetalFirmwarePath(board))}`
}

/** A command that runs a program of test/machine/guest there. */
export function guestCommand(program: string, ...args: string[]): string {
  return ['node', `${GUEST}/dist/test/machine/guest/${program}.js`, ...args].join(' ')
}

/** movz x1, #address, lsl #16; str x1, [x1]; ret */
function writeWord(address: number): number[] {
  return [(0xd2a00001 | ((address >>> 16) << 5)) >>> 0, 0xf9000021, 0xd65f03c0]
}

/** The output of a command in the machine that succeeds. */
export async function outputOf(machine: Machine, command: string): Promise<string> {
  const result = await machine.run(command)
  if (result?.status !== 0) throw new Error(`${command}: ${JSON.stringify(result)}`)
  return result.output.trim()
}

/** The driver's folder, there. */
export const DRIVER = '/sys/class/uio/uio0/device'

/** What the driver says of the cores, a line for each. */
export async function coreStates(machine: Machine): Promise<string> {
  return await outputOf(machine, `cat ${DRIVER}/core_states`)
}
