import { ArgumentError } from '../errors.ts'
import type { MachineOptions, QemuBoard } from './qemu-board.ts'

export interface QemuArguments extends MachineOptions {
  /** A file of what is loaded, as the board takes it. */
  readonly image: string
  /** QEMU's end of the doorbell, a connected socket. */
  readonly doorbellFd: number
}

/**
 * The arguments of `qemu-system-aarch64`.
 *
 * @throws {ArgumentError} where the region is larger than the board takes, or firmware does not begin
 *   at that level there.
 */
export function qemuArguments(board: QemuBoard, options: QemuArguments): string[] {
  const { regionBytes, entryLevel, doorbellFd, image } = options
  if (regionBytes > board.regionBytesMax) {
    throw new ArgumentError(
      `a ${board.kind} machine takes a region of ${board.regionBytesMax} bytes, not ${regionBytes}`,
    )
  }
  if (!board.entryLevels.includes(entryLevel)) {
    throw new ArgumentError(
      `firmware begins at EL${board.entryLevels.join(' or EL')} on a ${board.kind} machine, not at EL${entryLevel}`,
    )
  }
  return [
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-monitor', 'none', '-no-reboot'],
    ...['-accel', 'tcg,thread=multi'],
    ...board.machineArguments(options),
    ...['-chardev', `socket,id=doorbell,fd=${doorbellFd}`, '-serial', 'chardev:doorbell'],
    ...['-kernel', image],
  ]
}
