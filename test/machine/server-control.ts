import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { guestCommand, type Machine } from '../support/linux-machine.ts'

/** A server in the machine whose cores are this side's to start and stop: guest/controlled-server.ts. */
export class ServerControl {
  readonly #socket: Socket
  readonly #answers: AsyncIterator<string>
  readonly #ended: Promise<{ status: number } | undefined>

  private constructor(socket: Socket, ended: Promise<{ status: number } | undefined>) {
    this.#socket = socket
    this.#answers = createInterface(socket)[Symbol.asyncIterator]()
    this.#ended = ended
  }

  /** Starts it in the place of the machine's own server, which is held. */
  static async start(machine: Machine, board: string, firmware: string): Promise<ServerControl> {
    const ready = once(machine, 'ready')
    // What it logs is told at once.
    const command = guestCommand('controlled-server', board, firmware)
    const ended = machine.run(`${command} >/run/log 2>&1`)
    const failed = ended.then((result) => {
      throw new Error(`the controlled server ended: ${JSON.stringify(result)}`)
    })
    failed.catch(() => {})
    await Promise.race([ready, failed])
    const socket = connect({ port: machine.consolePort, host: '127.0.0.1' })
    await once(socket, 'connect')
    return new ServerControl(socket, ended)
  }

  async start(core: number): Promise<void> {
    await this.#ask(`start ${core}`)
  }

  async stop(core: number): Promise<void> {
    await this.#ask(`stop ${core}`)
  }

  async restart(core: number): Promise<void> {
    await this.#ask(`restart ${core}`)
  }

  async reload(firmware: string): Promise<void> {
    await this.#ask(`reload ${firmware}`)
  }

  /** Stops it. */
  async end(): Promise<void> {
    await this.#ask('end')
    this.#socket.destroy()
    const result = await this.#ended
    if (result?.status !== 0) throw new Error(`it ended with ${JSON.stringify(result)}`)
  }

  async #ask(line: string): Promise<void> {
    this.#socket.write(`${line}\n`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`the controlled server has ended, asked to ${line}`)
    const { error } = JSON.parse(value) as { error?: string }
    if (error !== undefined) throw new Error(`asked to ${line}: ${error}`)
  }
}
