import { join } from 'node:path'
import { errorCode } from '../errors.ts'
import { PACKAGE_ROOT } from '../package-root.ts'
import type { FirmwareIdentity } from '../shm/firmware-note.ts'
import { checkFirmware, type FirmwareKind } from './check-firmware.ts'
import { MACHINE } from './elf-machine.ts'
import { CoreError } from './errors.ts'
import { readElfFile } from './read-elf-file.ts'

const FIRMWARE_FOLDER = join(PACKAGE_ROOT, 'firmware')

/** The hosted firmware as `make -C firmware` leaves it. */
export const HOSTED_FIRMWARE: string = join(FIRMWARE_FOLDER, 'build/hosted/carillon-core')

/** Programs, and those that may lie anywhere. */
const PROGRAMS = [2, 3]

/** What hosted firmware must be to run on this machine; undefined where that is not known. */
export function hostedKind(architecture: string = process.arch): FirmwareKind | undefined {
  const machines: Readonly<Record<string, number>> = { x64: MACHINE.X86_64, arm64: MACHINE.AARCH64 }
  const machine = machines[architecture]
  if (machine === undefined) return undefined
  return { name: 'this machine', port: 'hosted', machine, bits: 64, types: PROGRAMS }
}

/**
 * Checks that an executable is hosted firmware for this machine and for this layout of the shared
 * memory.
 *
 * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MISSING`, and as `checkFirmware`.
 * @throws {ElfError} where it cannot be read.
 * @throws {LayoutError} where its layout is another one, or not known.
 */
export async function readHostedFirmware(path: string): Promise<FirmwareIdentity> {
  const kind = hostedKind()
  if (kind === undefined) {
    throw new CoreError(
      'ERR_CARILLON_FIRMWARE_MACHINE',
      `firmware for ${process.arch} cannot be checked, so that it is not loaded`,
    )
  }
  try {
    return checkFirmware(await readElfFile(path), kind)
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (errorCode(cause) !== 'ENOENT') throw error
    throw hostedFirmwareMissing(path, cause)
  }
}

export function hostedFirmwareMissing(path: string, cause: unknown): CoreError {
  return new CoreError(
    'ERR_CARILLON_FIRMWARE_MISSING',
    `the hosted firmware is not at ${path}: build it with make -C ${FIRMWARE_FOLDER}`,
    { cause },
  )
}
