import { errorCode } from '../errors.ts'
import { compareElfLayout, layoutDifference } from './compare-elf-layout.ts'
import type { ElfFile } from './elf-file.ts'
import { machineName } from './elf-machine.ts'
import { ELF_SEGMENT, type ElfSegment } from './elf-segment.ts'
import { CoreError } from './errors.ts'
import { flatImage } from './flat-image.ts'
import { FIRMWARE_FOLDER, type QemuBoard } from './qemu-board.ts'
import { readElfFile } from './read-elf-file.ts'

const AARCH64 = 183
const PROGRAM = 2

/** The object that the host writes before the machine runs: firmware/port/aarch64/boot_parameters.h. */
const BOOT_PARAMETERS = 'boot_parameters'
const BOOT_PARAMETERS_BYTES = 24n

/** What the host has to know of an image. */
export interface QemuFirmware {
  readonly path: string
  /** Physical address of the three words that the host writes: region, its bytes, cores. */
  readonly bootParameters: bigint
  /** The image for a board that takes it flat: what is loaded, from the start of its memory for images. */
  flat(): Uint8Array
}

/**
 * Reads an image, and checks that it is one for this board and for this layout of the shared memory.
 *
 * @throws {CoreError} `ERR_CARILLON_FIRMWARE_MISSING`, `ERR_CARILLON_FIRMWARE`.
 * @throws {ElfError} where it cannot be read.
 * @throws {LayoutError} where its layout is another one, or not known.
 */
export async function readQemuFirmware(path: string, board: QemuBoard): Promise<QemuFirmware> {
  const elf = await readImage(path, board)
  if (elf.type !== PROGRAM || elf.machine !== AARCH64 || elf.bits !== 64) {
    const what = `it is for ${machineName(elf.machine)}, ${elf.bits} bits, type ${elf.type}`
    throw notForBoard(path, board, what)
  }
  checkPlace(path, elf, board)
  const symbol = elf.symbols().find(({ name }) => name === BOOT_PARAMETERS)
  if (symbol?.bytes !== BOOT_PARAMETERS_BYTES) {
    const what = `it has no ${BOOT_PARAMETERS} of ${BOOT_PARAMETERS_BYTES} bytes`
    throw notForBoard(path, board, what)
  }
  const { differences } = compareElfLayout(elf)
  if (differences.length > 0) throw layoutDifference(path, differences)
  const flat = () => {
    const segments = loaded(elf).map((segment) => ({ ...segment, bytes: elf.bytesOf(segment) }))
    return flatImage(board.image.start, segments)
  }
  return { path, bootParameters: symbol.value, flat }
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

/** What is loaded must lie where the board has memory for it, and a flat image begin with its entry. */
function checkPlace(path: string, elf: ElfFile, board: QemuBoard): void {
  const { start, end } = board.image
  for (const { physicalAddress, memoryBytes } of loaded(elf)) {
    if (physicalAddress >= start && physicalAddress + memoryBytes <= end) continue
    const where = `${hex(physicalAddress)} to ${hex(physicalAddress + memoryBytes)}`
    const what = `it is loaded to ${where}, not between ${hex(start)} and ${hex(end)}`
    throw notForBoard(path, board, what)
  }
  if (board.takesFlatImage && elf.entry !== start) {
    throw notForBoard(path, board, `it begins at ${hex(elf.entry)}, not at ${hex(start)}`)
  }
}

function loaded(elf: ElfFile): ElfSegment[] {
  return elf.segments.filter(({ type }) => type === ELF_SEGMENT.LOAD)
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`
}

function notForBoard(path: string, { kind }: QemuBoard, why: string): CoreError {
  return new CoreError(
    'ERR_CARILLON_FIRMWARE',
    `${path} is no firmware for a ${kind} machine: ${why}`,
  )
}
