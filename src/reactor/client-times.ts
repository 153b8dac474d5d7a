import type { ErrorCode } from '../errors.ts'
import type { Deadlines, TimeLimits } from './deadlines.ts'
import type { DisconnectKind } from './disconnect-reason.ts'
import { ClientError } from './errors.ts'

/** In place of a tick: something that has not happened. */
const NEVER = -1

const TIMEOUT_CODES = {
  'idle-timeout': 'ERR_CARILLON_IDLE_TIMEOUT',
  'handshake-timeout': 'ERR_CARILLON_HANDSHAKE_TIMEOUT',
  'message-timeout': 'ERR_CARILLON_MESSAGE_TIMEOUT',
} as const satisfies Partial<Record<DisconnectKind, ErrorCode>>

/** Which limit of an open client is over, and what it is told. */
interface Overdue {
  readonly kind: keyof typeof TIMEOUT_CODES
  readonly error: ClientError
}

/** When something last happened to one client, in ticks, and so which of its time limits is over. */
export class ClientTimes {
  readonly #deadlines: Deadlines
  readonly #limits: TimeLimits
  /** The tick of the connect, or of the close once that began. */
  #phaseTick: number
  /** The tick at which something was received, or taken by the kernel. */
  #activeTick: number
  /** The tick at which the message under way began. */
  #messageTick = NEVER

  constructor(deadlines: Deadlines, limits: TimeLimits) {
    this.#deadlines = deadlines
    this.#limits = limits
    this.#phaseTick = deadlines.tick
    this.#activeTick = deadlines.tick
  }

  /** Another phase of the client's life begins. */
  beginPhase(): void {
    this.#phaseTick = this.#deadlines.tick
  }

  /** Something was received, or taken by the kernel. */
  noteActive(): void {
    this.#activeTick = this.#deadlines.tick
  }

  /** A part of a message has come. Counts from the first one on. */
  noteIncomplete(): void {
    if (this.#messageTick === NEVER) this.#messageTick = this.#deadlines.tick
  }

  /** No message is under way. */
  endMessage(): void {
    this.#messageTick = NEVER
  }

  /** It is this end that does not read: the peer is not to blame for what does not come. */
  excuse(hasQueued: boolean): void {
    const { tick } = this.#deadlines
    this.#phaseTick = tick
    if (this.#messageTick !== NEVER) this.#messageTick = tick
    if (!hasQueued) this.#activeTick = tick
  }

  /** Whether a client that is being closed has had its time. */
  get isCloseOverdue(): boolean {
    return this.#deadlines.isOver(this.#phaseTick, this.#limits.closeTimeoutMs)
  }

  /** Which limit of an open client is over, if any. */
  overdue(hasHadMessage: boolean): Overdue | undefined {
    const { idleTimeoutMs, handshakeTimeoutMs, messageTimeoutMs } = this.#limits
    if (!hasHadMessage && this.#isOver(this.#phaseTick, handshakeTimeoutMs)) {
      return overdue('handshake-timeout', `no whole message within ${handshakeTimeoutMs} ms`)
    }
    if (this.#isOver(this.#messageTick, messageTimeoutMs)) {
      return overdue('message-timeout', `a message was not whole within ${messageTimeoutMs} ms`)
    }
    if (this.#isOver(this.#activeTick, idleTimeoutMs)) {
      return overdue('idle-timeout', `nothing received or taken for ${idleTimeoutMs} ms`)
    }
    return undefined
  }

  #isOver(since: number, timeoutMs: number): boolean {
    return timeoutMs > 0 && since !== NEVER && this.#deadlines.isOver(since, timeoutMs)
  }
}

function overdue(kind: Overdue['kind'], message: string): Overdue {
  return { kind, error: new ClientError(TIMEOUT_CODES[kind], message) }
}
