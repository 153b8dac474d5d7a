import { errorCode } from '../errors.ts'
import { BellSocket } from '../reactor/bell-socket.ts'
import { Reactor } from '../reactor/reactor.ts'
import { systemReason } from '../system-reason.ts'
import type { BellEnd } from './bell-end.ts'
import type { CoreExit } from './core.ts'
import { CoreProcess } from './core-process.ts'
import { CoreError } from './errors.ts'
import { NetBellEnd } from './net-bell-end.ts'
import { ReactorBellEnd } from './reactor-bell-end.ts'

/** Ends QEMU when this process ends, also where that was killed: QEMU itself would go on for ever. */
const WATCHER = 'setpriv'
const WATCHING = ['--pdeathsig', 'KILL', '--'] as const

/** What a program that runs another one ends with where there is none. */
const NOT_FOUND = 127

/** Where QEMU finds its end of its doorbell. */
export const DOORBELL_FD = 3

/** A process that runs QEMU, and this one's end of its doorbell, which is yet to be opened. */
export interface QemuProcess {
  readonly process: CoreProcess
  /** @throws the system's error where it cannot be waited at. Nothing of the process is left then. */
  openBellEnd(onBells: (bits: number) => void): BellEnd
}

/**
 * Starts it.
 *
 * @param inherited what it finds as its descriptors from {@link DOORBELL_FD} + 1 on.
 * @param reactor hears its bells. Default `Reactor.shared`; without the addon, Node.
 * @throws {CoreError} `ERR_CARILLON_EMULATOR_MISSING`, `ERR_CARILLON_CORE_START`.
 * @throws {DescriptorsError} where there is no socket to be had.
 */
export async function startQemu(
  emulator: string,
  args: readonly string[],
  inherited: readonly number[],
  reactor?: Reactor,
): Promise<QemuProcess> {
  if (Reactor.unavailable !== undefined) {
    const process = await startProcess(emulator, args, ['pipe', ...inherited])
    return { process, openBellEnd: (tell) => new NetBellEnd(process.socketAt(DOORBELL_FD), tell) }
  }
  const socket = BellSocket.create()
  try {
    const process = await startProcess(emulator, args, [socket.peerFd, ...inherited])
    socket.closePeer()
    return { process, openBellEnd: (tell) => openReactorEnd(socket, process, tell, reactor) }
  } catch (error) {
    socket.close()
    throw error
  }
}

function openReactorEnd(
  socket: BellSocket,
  process: CoreProcess,
  tell: (bits: number) => void,
  reactor?: Reactor,
): BellEnd {
  try {
    return new ReactorBellEnd(socket, tell, reactor)
  } catch (error) {
    socket.close()
    process.kill()
    throw error
  }
}

async function startProcess(
  emulator: string,
  args: readonly string[],
  inherited: readonly (number | 'pipe')[],
): Promise<CoreProcess> {
  try {
    return await CoreProcess.start(WATCHER, [...WATCHING, emulator, ...args], inherited)
  } catch (cause) {
    const missing = errorCode(cause) === 'ENOENT'
    throw new CoreError(
      missing ? 'ERR_CARILLON_EMULATOR_MISSING' : 'ERR_CARILLON_CORE_START',
      missing
        ? `${WATCHER} is not installed, and QEMU would outlive this process without it: apt-get install util-linux`
        : `${emulator} cannot be started: ${systemReason(cause)}`,
      { cause },
    )
  }
}

/** The error for one that has ended before its firmware rang. */
export function endedAtOnce(emulator: string, { code, signal, stderr }: CoreExit): CoreError {
  if (code === NOT_FOUND) {
    return new CoreError(
      'ERR_CARILLON_EMULATOR_MISSING',
      `${emulator} is not there: apt-get install qemu-system-arm (${stderr})`,
    )
  }
  const why = stderr === '' ? '' : `: ${stderr}`
  return new CoreError(
    'ERR_CARILLON_CORE_START',
    `${emulator} ended (${signal ?? `code ${code}`}) before its firmware ran${why}`,
  )
}
