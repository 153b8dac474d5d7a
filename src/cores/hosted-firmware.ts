import type { FirmwareIdentity } from '../shm/firmware-note.ts'
import { BUILT_HOSTED, readFirmwareFile } from './built-firmware.ts'
import { checkFirmware, type FirmwareKind } from './check-firmware.ts'
import { MACHINE } from './elf-machine.ts'
import { CoreError } from './errors.ts'

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
  return checkFirmware(await readFirmwareFile(path, BUILT_HOSTED), kind)
}
