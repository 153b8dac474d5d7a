import { escaped, type MachineOptions, type QemuBoard } from './qemu-board.ts'

const MIB = 1024 * 1024

/** QEMU takes no other size for this board. */
const RAM_BYTES = 1024 * MIB
/** After the image and its cores, which end at 70 MiB. */
const REGION = 128 * MIB
/** To the end of the cores. */
const FIRMWARE_BYTES_MAX = 70 * MIB
/** Where the graphics processor's memory begins. */
const RAM_END = 0x3c000000

/**
 * QEMU's board `raspi3b`: the Raspberry Pi 3, whose chip the Zero 2 W has too. All of its memory is
 * one file, whose offsets are physical addresses, and in which the region lies. The file has holes
 * where nothing was written: of what is not the region it has the image and what cores have used for
 * streams.
 */
export const RASPI3_BOARD: QemuBoard = {
  kind: 'raspi3',
  machine: 'raspi3b',
  // As the boot code of the real one leaves it.
  entryLevels: [2],
  image: { start: 0x80000n, end: BigInt(FIRMWARE_BYTES_MAX) },
  // An ELF file would be entered at EL3, by all cores at once.
  takesFlatImage: true,
  place: { offset: REGION, fileBytes: RAM_BYTES, roomBytes: FIRMWARE_BYTES_MAX },
  regionBytesMax: RAM_END - REGION,
  regionAddress: REGION,
  machineArguments({ path }: MachineOptions): string[] {
    return [
      // It has four cores whatever is said. The firmware lets those sleep that are not used.
      ...['-machine', 'raspi3b,memory-backend=memory', '-m', `${RAM_BYTES}B`],
      '-object',
      `memory-backend-file,id=memory,size=${RAM_BYTES},mem-path=${escaped(path)},share=on`,
    ]
  },
}
