import { createInterface } from 'node:readline'

/** Asks QEMU, by its machine protocol (QMP): a line of JSON each way. */
export class Qmp {
  #socket
  #waiting = []

  /** @param {import('node:stream').Duplex} socket */
  constructor(socket) {
    this.#socket = socket
    socket.on('close', () => this.#settle(undefined))
    // A QEMU that ends resets it; who waits is told by `close`. The error is one of both.
    socket.on('error', () => {})
    const lines = createInterface({ input: socket }).on('error', () => {})
    lines.on('line', (line) => {
      const message = JSON.parse(line)
      if ('return' in message || 'error' in message) this.#waiting.shift()?.(message)
    })
    void this.ask('qmp_capabilities')
  }

  /** The answer; undefined where QEMU has ended. */
  async ask(execute, args = {}) {
    if (this.#socket.destroyed) return undefined
    const answer = new Promise((resolve) => this.#waiting.push(resolve))
    this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    return (await answer)?.return
  }

  /** The ports of this machine that lead to one of the other, by that; undefined where QEMU has ended. */
  async forwardedPorts() {
    const text = await this.ask('human-monitor-command', { 'command-line': 'info usernet' })
    return text === undefined ? undefined : forwardedPorts(text)
  }

  #settle(answer) {
    for (const resolve of this.#waiting.splice(0)) resolve(answer)
  }
}

/** Reads QEMU's table of connections: `TCP[HOST_FORWARD]  4  127.0.0.1 34379  10.0.2.15  5555  0  0`. */
export function forwardedPorts(text) {
  const lines = text.matchAll(/HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s+\S+\s+(\d+)/g)
  return new Map([...lines].map(([, host, guest]) => [Number(guest), Number(host)]))
}
