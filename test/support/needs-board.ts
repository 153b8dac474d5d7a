import { existsSync } from 'node:fs'
import test from 'ava'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'
import type { QemuBoard } from '../../src/cores/qemu-board.ts'
import { QEMU_BOARDS } from '../../src/cores/qemu-boards.ts'
import { needsTool } from './needs-tool.ts'

/** What tests of bare-metal firmware run on, one after the other. */
export const BOARDS: readonly QemuBoard[] = Object.values(QEMU_BOARDS)

/**
 * Declares tests that run bare-metal firmware in QEMU; as {@link needsTool}. One after the other: a
 * machine takes as many processors as it has cores. Its title begins with the board's name.
 */
export function boardTest({ kind }: QemuBoard) {
  const firmware = bareMetalFirmwarePath(kind)
  const declare = existsSync(firmware)
    ? needsTool(test.serial, 'qemu-system-aarch64', 'apt-get install qemu-system-arm')
    : needsTool(
        test.serial,
        firmware,
        'apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu, npm run setup',
      )
  return (title: string, implementation: Parameters<typeof declare>[1]) =>
    declare(`${kind}: ${title}`, implementation)
}
