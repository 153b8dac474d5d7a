import { join } from 'node:path'
import { errorCode } from '../errors.ts'
import { compareElfLayout, layoutDifference } from './compare-elf-layout.ts'
import type { ElfFile } from './elf-file.ts'
import { machineName } from './elf-machine.ts'
import { CoreError } from './errors.ts'
import { readElfFile } from './read-elf-file.ts'

const FIRMWARE_FOLDER = join(import.meta.dirname, '../../../firmware')

/** The firmware for QEMU's board `virt` as `make -C firmware PORT=virt` leaves it. */
export const VIRT_FIRMWARE: string = join(FIRMWARE_FOLDER, 'build/virt/carillon-core.elf')

const AARCH64 = 183
const PROGRAM = 2

/** The object that the host writes before the machine runs: firmware/port/aarch64/boot_parameters.h. */
const BOOT_PARAMETERS = 'boot_parameters'
const BOOT_PARAMETERS_BYTES = 24n

/** What the host has to know of an image. */
export interface VirtFirmware {
  readonly path: string
  /** Physical address of the three words that the host writes: region, its bytes, cores. */
  readonly bootParameters: bigint
}

/**
 * Reads an image, and checks that it is one for this machine and for this layout of the shared memory.
 *
 * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MISSING`, `ERR_CARILLON_FIRMWARE`.
 * @throws {ElfError} where it cannot be read.
 * @throws {LayoutError} where its layout is another one, or not known.
 */
export async function readVirtFirmware(path: string): Promise<VirtFirmware> {
  const elf = await readImage(path)
  if (elf.type !== PROGRAM || elf.machine !== AARCH64 || elf.bits !== 64) {
    throw notForVirt(
      path,
      `it is for ${machineName(elf.machine)}, ${elf.bits} bits, type ${elf.type}`,
    )
  }
  const symbol = elf.symbols().find(({ name }) => name === BOOT_PARAMETERS)
  if (symbol?.bytes !== BOOT_PARAMETERS_BYTES) {
    throw notForVirt(path, `it has no ${BOOT_PARAMETERS} of ${BOOT_PARAMETERS_BYTES} bytes`)
  }
  const { differences } = compareElfLayout(elf)
  if (differences.length > 0) throw layoutDifference(path, differences)
  return { path, bootParameters: symbol.value }
}

async function readImage(path: string): Promise<ElfFile> {
  try {
    return await readElfFile(path)
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (errorCode(cause) !== 'ENOENT') throw error
    throw new CoreError(
      'ERR_CARILLON_FIRMWARE_MISSING',
      `the firmware for QEMU is not at ${path}: build it with make -C ${FIRMWARE_FOLDER} PORT=virt, which needs apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu`,
      { cause },
    )
  }
}

function notForVirt(path: string, why: string): CoreError {
  return new CoreError(
    'ERR_CARILLON_FIRMWARE',
    `${path} is no firmware for QEMU's board virt: ${why}`,
  )
}
