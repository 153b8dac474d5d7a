import type { QemuBoard } from './qemu-board.ts'
import { RASPI3_BOARD } from './raspi3-board.ts'
import { VIRT_BOARD } from './virt-board.ts'

/** All boards, by the name of their port. */
export const QEMU_BOARDS: Readonly<Record<QemuBoard['kind'], QemuBoard>> = {
  virt: VIRT_BOARD,
  raspi3: RASPI3_BOARD,
}
