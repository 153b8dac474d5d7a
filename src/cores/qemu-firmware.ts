import { errorCode } from '../errors.ts'
import { BOOT_PARAMETERS, BOOT_PARAMETERS_BYTES } from './boot-parameters.ts'
import type { ElfFile } from './elf-file.ts'
import { MACHINE } from './elf-machine.ts'
import { CoreError } from './errors.ts'
import { FirmwareImage, type FirmwareTarget } from './firmware-image.ts'
import { FIRMWARE_FOLDER, type QemuBoard } from './qemu-board.ts'
import { readElfFile } from './read-elf-file.ts'

const PROGRAM = 2

/** What an image must be to run on a board. */
export function qemuTarget({ kind, machine, image, takesFlatImage }: QemuBoard): FirmwareTarget {
  return {
    ...{ name: `QEMU's board ${machine}`, port: kind, machine: MACHINE.AARCH64 },
    ...{ bits: 64, types: [PROGRAM] },
    memory: image,
    ...(takesFlatImage && { entry: image.start }),
    symbols: { [BOOT_PARAMETERS]: BOOT_PARAMETERS_BYTES },
  }
}

/**
 * Reads an image, and checks that it is one for this board and for this layout of the shared memory.
 *
 * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MISSING`, and as `FirmwareImage`.
 * @throws {ElfError} where it cannot be read.
 * @throws {LayoutError} where its layout is another one, or not known.
 */
export async function readQemuFirmware(path: string, board: QemuBoard): Promise<FirmwareImage> {
  return new FirmwareImage(await readImage(path, board), qemuTarget(board))
}

async function readImage(path: string, { kind }: QemuBoard): Promise<ElfFile> {
  try {
    return await readElfFile(path)
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (errorCode(cause) !== 'ENOENT') throw error
    throw new CoreError(
      'ERR_CARILLON_FIRMWARE_MISSING',
      `the firmware for QEMU is not at ${path}: build it with make -C ${FIRMWARE_FOLDER} PORT=${kind}, which needs apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu`,
      { cause },
    )
  }
}
