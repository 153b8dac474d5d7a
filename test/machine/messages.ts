import { deepEqual } from 'node:assert/strict'
import { guestCommand, type Machine, type TestImage } from '../support/linux-machine.ts'

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
  let hasExchanged = false
  const hear = (line: string) => {
    if (!line.startsWith('{"event":')) return
    const { event, text } = JSON.parse(line) as { event: string; text: string }
    if (event === 'progress') report(text)
    hasExchanged ||= event === 'exchanged'
  }
  machine.on('line', hear)
  const command = guestCommand('exchange-messages', board, firmware.soakFirmware, `${messages}`)
  const result = await machine.run(`${command} >/run/log`)
  machine.off('line', hear)
  deepEqual([result, hasExchanged], [{ status: 0, output: '' }, true])
}
