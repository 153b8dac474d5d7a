import type { Machine, TestImage } from '../support/linux-machine.ts'
import { runProgram } from './run-program.ts'

export interface MessagesOptions {
  readonly board: string
  readonly firmware: Pick<TestImage, 'soakFirmware'>
  /** Each way, of all cores together. */
  readonly messages: number
  readonly report: (text: string) => void
}

/**
 * Exchanges checked messages between a program in the machine's Linux and the firmware's cores, both ways
 * at once, asleep at random on both sides. The machine's own server is held.
 *
 * @throws where one is wrong, lost or late: with what the program says.
 */
export async function machineMessages(machine: Machine, options: MessagesOptions): Promise<void> {
  const { board, firmware, messages, report } = options
  const program = ['exchange-messages', board, firmware.soakFirmware, `${messages}`] as const
  await runProgram(machine, program, 'exchanged', report)
}
