import { EventEmitter } from 'node:events'
import type { Core, CoreEvents } from './core.ts'
import type { QemuMachine } from './qemu-machine.ts'

/** One core of a {@link QemuMachine}. */
export class QemuCore extends EventEmitter<CoreEvents> implements Core {
  readonly kind: QemuMachine['kind']
  /** Index of the core. */
  readonly index: number
  readonly #machine: QemuMachine

  constructor(machine: QemuMachine, index: number) {
    super()
    this.kind = machine.kind
    this.#machine = machine
    this.index = index
  }

  get pid(): number {
    return this.#machine.pid
  }

  ring(): void {
    this.#machine.ring(this.index)
  }

  /** Waits for the machine, which ends when all of its cores were stopped. */
  ended(timeoutMs: number): Promise<boolean> {
    return this.#machine.ended(timeoutMs)
  }

  /** Ends the machine, and every core of it: no core can be ended alone. */
  kill(): void {
    this.#machine.kill()
  }
}
