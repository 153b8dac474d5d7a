import { MachineError } from './machine-error.mjs'

/** Where the server in the machine listens. */
const PORT = 5555
const CONSOLE_PORT = 8080

/** The kernel takes 2048 characters in all. */
export const SERVE_ARGUMENTS_LENGTH_MAX = 1024

/** The file descriptor at which QEMU finds who asks it. */
export const QMP_FD = 3

/**
 * The arguments of QEMU for a machine.
 *
 * @param {import('./build-image.mjs').MachineImage} image
 * @param {object} target its board, of MACHINE_BOARDS
 * @param {{ port: number, consolePort?: number, serve: string[] }} options ports of the loopback that lead
 *   to the server inside, 0 for any free one; what `carillon serve` is given besides
 * @throws {MachineError} `ERR_CARILLON_MACHINE_USAGE`
 */
export function machineArguments(image, target, { port, consolePort, serve }) {
  const forwarded = [
    forward(port, PORT),
    ...(consolePort === undefined ? [] : [forward(consolePort, CONSOLE_PORT)]),
  ]
  const guest = [
    image.command,
    ...target.serve,
    ...['--port', `${PORT}`],
    ...(consolePort === undefined ? ['--no-console'] : ['--console-port', `${CONSOLE_PORT}`]),
    ...serve,
  ]
  return [
    ...image.machine,
    ...['-no-user-config', '-nodefaults', '-display', 'none', '-monitor', 'none'],
    ...['-kernel', image.kernel, '-initrd', image.initramfs, '-dtb', image.deviceTree],
    ...['-append', kernelArguments(target, guest)],
    // Whoever starts it reads and writes the console.
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=qmp,fd=${QMP_FD}`, '-mon', 'chardev=qmp,mode=control'],
    ...image.disks.flatMap(target.disk),
    // Nothing goes out from it, and nothing comes in but by these ports.
    ...['-netdev', ['user,id=network,restrict=on', ...forwarded].join(',')],
    ...target.network('network'),
  ]
}

const forward = (host, guest) => `hostfwd=tcp:127.0.0.1:${host}-:${guest}`

/** What comes behind `--` is handed to init. */
function kernelArguments({ console, kernelArguments }, guest) {
  const words = guest.join(' ')
  if (words.length > SERVE_ARGUMENTS_LENGTH_MAX) {
    throw new MachineError(
      'ERR_CARILLON_MACHINE_USAGE',
      `the server's arguments have ${words.length} characters, of at most ${SERVE_ARGUMENTS_LENGTH_MAX}`,
    )
  }
  const odd = guest.find((word) => !/^[\w./:=@%+,-]+$/.test(word))
  if (odd !== undefined) {
    throw new MachineError(
      'ERR_CARILLON_MACHINE_USAGE',
      `the server's argument "${odd}" cannot be handed to the machine: letters, digits and ./:=@%+,-_ can`,
    )
  }
  const own = [`console=${console}`, 'quiet', 'rdinit=/init', ...kernelArguments]
  return `${own.join(' ')} -- ${words}`
}
