import type { BoardAccess } from './board-access.ts'
import { type BoardDescription, endOf } from './board-description.ts'
import { BOARD_LIMITS } from './board-limits.ts'
import { BOOT_PARAMETERS, BOOT_PARAMETERS_BYTES, bootParameterBytes } from './boot-parameters.ts'
import { builtBareMetal, readFirmwareFile } from './built-firmware.ts'
import { MACHINE } from './elf-machine.ts'
import { ELF_SEGMENT_FLAG } from './elf-segment.ts'
import { FirmwareImage, type FirmwareTarget, type LoadableSegment } from './firmware-image.ts'
import type { MemoryRange } from './firmware-memory.ts'

const PROGRAM = 2

/** The memory that an image may take, with what it sets up there by itself. */
export function boardImageMemory({ memory, start }: BoardDescription): MemoryRange {
  const { firmware } = memory
  const end = endOf(firmware) - (start.method === 'parking' ? BOARD_LIMITS.PAGE_BYTES : 0)
  return { start: BigInt(firmware.address), end: BigInt(end) }
}

/** What an image must be to run on a board beside Linux. */
export function boardTarget(board: BoardDescription): FirmwareTarget {
  return {
    ...{ name: `the board ${board.name}`, port: board.name, machine: MACHINE.AARCH64 },
    ...{ bits: 64, types: [PROGRAM] },
    memory: boardImageMemory(board),
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
export async function readBoardFirmware(
  path: string,
  board: BoardDescription,
): Promise<FirmwareImage> {
  const elf = await readFirmwareFile(path, builtBareMetal(board.name))
  return new FirmwareImage(elf, boardTarget(board))
}

/**
 * What a host sets in an image for a board, the bytes of `boot_parameters`: nothing of it is the host's
 * own, so that what runs serves the next host as well.
 *
 * @param hasDriver else no core can be turned on again, and the host maps the region as a device's memory.
 */
export function boardParameters(
  { memory, cores }: BoardDescription,
  hasDriver: boolean,
): Uint8Array {
  return bootParameterBytes({
    region: memory.region.address,
    regionBytes: memory.region.bytes,
    cores: cores.firmware.length,
    turnOff: hasDriver,
    uncached: !hasDriver,
  })
}

/** Puts an image into the firmware's memory, of which nothing else is left. For while no core runs it. */
export function writeImage(
  { board, firmware }: Pick<BoardAccess, 'board' | 'firmware'>,
  segments: readonly LoadableSegment[],
): void {
  const { start, end } = boardImageMemory(board)
  firmware.fill(0, 0, Number(end - start))
  for (const { physicalAddress, bytes } of segments) {
    firmware.set(bytes, Number(physicalAddress - start))
  }
}

/**
 * Whether an image is in the firmware's memory already, as far as it stays as it was loaded: code,
 * constants, and what the host sets.
 *
 * @param parameters the bytes of `boot_parameters`.
 */
export function holdsImage(
  { board, firmware }: Pick<BoardAccess, 'board' | 'firmware'>,
  image: FirmwareImage,
  parameters: Uint8Array,
): boolean {
  const { start } = boardImageMemory(board)
  const words = new Int32Array(firmware.buffer, firmware.byteOffset, firmware.length >>> 2)
  const isThere = (address: bigint, bytes: Uint8Array): boolean => {
    const at = Number(address - start) / 4
    const wanted = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    // By words: it may be mapped as a device's memory.
    for (let word = 0; word < bytes.length >>> 2; word++) {
      if (words[at + word] !== wanted.getInt32(4 * word, true)) return false
    }
    return true
  }
  return (
    isThere(image.addressOf(BOOT_PARAMETERS), parameters) &&
    image
      .load({ [BOOT_PARAMETERS]: parameters })
      .filter(({ flags }) => (flags & ELF_SEGMENT_FLAG.WRITE) === 0)
      .every(({ physicalAddress, bytes }) => isThere(physicalAddress, bytes))
  )
}
