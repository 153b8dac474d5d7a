import { EventEmitter } from 'node:events'
import type { Core, CoreEvents } from './core.ts'
import type { VirtMachine } from './virt-machine.ts'

/** One core of a {@link VirtMachine}. */
export class VirtCore extends EventEmitter<CoreEvents> implements Core {
  readonly kind = 'virt'
  /** Index of the core. */
  readonly index: number
  readonly #machine: VirtMachine

  constructor(machine: VirtMachine, index: number) {
    super()
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
