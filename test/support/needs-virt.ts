import { existsSync } from 'node:fs'
import test from 'ava'
import { VIRT_FIRMWARE } from '../../src/cores/virt-firmware.ts'
import { needsTool } from './needs-tool.ts'

/**
 * Declares tests that run bare-metal firmware in QEMU; as {@link needsTool}. One after the other: a
 * machine takes as many processors as it has cores.
 */
export const virtTest = existsSync(VIRT_FIRMWARE)
  ? needsTool(test.serial, 'qemu-system-aarch64', 'apt-get install qemu-system-arm')
  : needsTool(
      test.serial,
      VIRT_FIRMWARE,
      'apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu, npm run setup',
    )
