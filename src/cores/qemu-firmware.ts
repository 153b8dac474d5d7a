import { BOOT_PARAMETERS, BOOT_PARAMETERS_BYTES } from './boot-parameters.ts'
import { builtBareMetal, readFirmwareFile } from './built-firmware.ts'
import { MACHINE } from './elf-machine.ts'
import { FirmwareImage, type FirmwareTarget } from './firmware-image.ts'
import type { QemuBoard } from './qemu-board.ts'

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
  const elf = await readFirmwareFile(path, builtBareMetal(board.kind))
  return new FirmwareImage(elf, qemuTarget(board))
}
