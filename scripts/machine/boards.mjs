import { piZero2W } from './boards/pi-zero-2w.mjs'
import { qemuVirt } from './boards/qemu-virt.mjs'
import { MachineError } from './machine-error.mjs'

/** The machines that Linux and the firmware share, by name. */
export const MACHINE_BOARDS = { [qemuVirt.name]: qemuVirt, [piZero2W.name]: piZero2W }

/** @throws {MachineError} `ERR_CARILLON_MACHINE_BOARD` */
export function machineBoard(name) {
  if (Object.hasOwn(MACHINE_BOARDS, name ?? '')) return MACHINE_BOARDS[name]
  const known = Object.keys(MACHINE_BOARDS).join(', ')
  throw new MachineError(
    'ERR_CARILLON_MACHINE_BOARD',
    name === undefined
      ? `which board? There is ${known}`
      : `there is no board "${name}"; there is ${known}`,
  )
}
