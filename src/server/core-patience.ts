import { Watchdog } from './watchdog.ts'

/** From the start of the firmware to the description of its effects, in milliseconds; seen: 10. */
const START_TIMEOUT_MS = 10_000

/**
 * How long a core's heartbeat may stand still before it is taken for hung, in milliseconds. The
 * heaviest block (the most channels, effects and taps) takes about a second on a core of its own.
 */
const SILENT_TIMEOUT_MS = 10_000

export interface CorePatienceOptions {
  /** Default {@link SILENT_TIMEOUT_MS}. */
  readonly silentTimeoutMs?: number | undefined
  readonly readHeartbeat: () => number
  /** The core is taken for hung; `why` goes on where `core 0` stands. */
  readonly onHung: (why: string) => void
}

/** How long is waited for a core: for its description, and for its next heartbeat. */
export class CorePatience {
  readonly #heartbeat: Watchdog
  readonly #onHung: (why: string) => void
  #startTimer: NodeJS.Timeout | undefined

  constructor(options: CorePatienceOptions) {
    const { silentTimeoutMs = SILENT_TIMEOUT_MS, readHeartbeat, onHung } = options
    this.#onHung = onHung
    this.#heartbeat = new Watchdog(silentTimeoutMs, readHeartbeat, () =>
      onHung(`has shown no heartbeat for ${silentTimeoutMs} ms`),
    )
  }

  /** How long its heartbeat has stood still, in milliseconds. */
  get silentMs(): number {
    return this.#heartbeat.silentMs
  }

  /** The core has been started. */
  begin(): void {
    this.#heartbeat.start()
    this.expectDescription()
  }

  /** It is to describe itself, from now on. */
  expectDescription(): void {
    clearTimeout(this.#startTimer)
    this.#startTimer = setTimeout(
      () => this.#onHung(`did not describe itself in ${START_TIMEOUT_MS} ms`),
      START_TIMEOUT_MS,
    )
  }

  /** It has. */
  described(): void {
    clearTimeout(this.#startTimer)
  }

  /** Nothing is waited for any more. */
  end(): void {
    this.#heartbeat.stop()
    clearTimeout(this.#startTimer)
  }
}
