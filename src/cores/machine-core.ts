import { EventEmitter } from 'node:events'
import { CORE_STATE } from '../shm/shared-mem.ts'
import type { Core, CoreEvents, CoreExit } from './core.ts'
import type { CoreKind } from './core-kind.ts'

const STOPPED: CoreExit = { code: 0, signal: null, stderr: '' }
const KILLED: CoreExit = { code: null, signal: 'SIGKILL', stderr: 'the server took it down' }

/** What a {@link MachineCore} needs of its machine. */
export interface CoreMachine {
  readonly kind: CoreKind
  /** Of the process that runs it; undefined where none does. */
  readonly pid: number | undefined
  ring(index: number): void
  /** Takes a core down, whatever it is at. */
  park(index: number): void
  /** A core of it has ended. Resolves once nothing is left of it, or of the machine where it was the last. */
  left(index: number): Promise<void>
}

/** What a {@link MachineCore} reads of its core's status. */
interface CoreStart {
  readonly boot: number
  readonly state: number
}

/** One core of a machine that has several, from one of its starts to its end. */
export class MachineCore extends EventEmitter<CoreEvents> implements Core {
  readonly kind: CoreKind
  /** Index of the core. */
  readonly index: number
  readonly #machine: CoreMachine
  readonly #status: CoreStart
  /** The start of the core before this one. */
  readonly #bootBefore: number
  #hasEnded = false

  /** @param status what the core says of itself, before it is started. */
  constructor(machine: CoreMachine, index: number, status: CoreStart) {
    super()
    this.kind = machine.kind
    this.#machine = machine
    this.index = index
    this.#status = status
    this.#bootBefore = status.boot
  }

  get pid(): number | undefined {
    return this.#machine.pid
  }

  /** It will not ring again. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** It has told its host of this start. */
  get hasBooted(): boolean {
    // Acquire: its state is one of this start.
    return this.#status.boot !== this.#bootBefore
  }

  ring(): void {
    this.#machine.ring(this.index)
  }

  /** Waits for the core to stop, and takes it down where it has not in time. */
  async ended(timeoutMs: number): Promise<boolean> {
    let inTime = true
    if (!this.#hasEnded) {
      const timer = setTimeout(() => {
        inTime = false
        this.kill()
      }, timeoutMs)
      await new Promise<void>((resolve) => this.once('exit', () => resolve()))
      clearTimeout(timer)
    }
    await this.#machine.left(this.index)
    return inTime
  }

  /** Takes the core down: it parks, unless it hangs with its interrupts masked. */
  kill(): void {
    if (this.#hasEnded) return
    this.#machine.park(this.index)
    this.end(KILLED)
  }

  /** For the machine: the core has rung. */
  onBell(): void {
    if (this.#hasEnded) return
    this.emit('bell')
    if (this.hasBooted && this.#status.state === CORE_STATE.STOPPED) this.end(STOPPED)
  }

  /** For the machine: nothing more comes of this core. */
  end(exit: CoreExit): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    // Not in the middle of what its owner is at.
    queueMicrotask(() => this.emit('exit', exit))
  }
}
