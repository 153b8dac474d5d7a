import { join } from 'node:path'
import { errorCode } from '../errors.ts'
import { BOOT_PARAMETERS, BOOT_PARAMETERS_BYTES } from './boot-parameters.ts'
import type { ElfFile } from './elf-file.ts'
import { MACHINE } from './elf-machine.ts'
import { CoreError } from './errors.ts'
import { FirmwareImage, type FirmwareTarget } from './firmware-image.ts'
import { readElfFile } from './read-elf-file.ts'
import { VIRT_IMAGE_MEMORY_BYTES, virtImageMemory } from './virt-arguments.ts'

const FIRMWARE_FOLDER = join(import.meta.dirname, '../../../firmware')

/** The firmware for QEMU's board `virt` as `make -C firmware PORT=virt` leaves it. */
export const VIRT_FIRMWARE: string = join(FIRMWARE_FOLDER, 'build/virt/carillon-core.elf')

const PROGRAM = 2

/** What an image must be to run on QEMU's board `virt`, with this much memory below the region. */
export function virtTarget(imageMemoryBytes: number = VIRT_IMAGE_MEMORY_BYTES): FirmwareTarget {
  return {
    ...{ name: "QEMU's board virt", port: 'virt', machine: MACHINE.AARCH64 },
    ...{ bits: 64, types: [PROGRAM] },
    memory: virtImageMemory(imageMemoryBytes),
    symbols: { [BOOT_PARAMETERS]: BOOT_PARAMETERS_BYTES },
  }
}

/**
 * Reads an image, and checks that it is one for this machine and for this layout of the shared memory.
 *
 * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MISSING`, and as `FirmwareImage`.
 * @throws {ElfError} where it cannot be read.
 * @throws {LayoutError} where its layout is another one, or not known.
 */
export async function readVirtFirmware(
  path: string,
  imageMemoryBytes?: number,
): Promise<FirmwareImage> {
  return new FirmwareImage(await readImage(path), virtTarget(imageMemoryBytes))
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
