import type { ConnectionState } from './connection.ts'
import { byId, setText } from './dom.ts'
import { formatDuration, formatSession } from './model/format.ts'
import type { ServerReading } from './model/readings.ts'

const STATE_TEXTS: Readonly<Record<ConnectionState, string>> = {
  connecting: 'Connecting…',
  connected: 'Connected',
  disconnected: 'Disconnected',
}

const COUNTDOWN_STEP_MS = 250

/** Whether the page is connected, to what, and for how long that runs. */
export class ConnectionView {
  readonly #status = byId('connection', HTMLElement)
  readonly #statusText = byId('connection-text', HTMLElement)
  readonly #retry = byId('retry', HTMLElement)
  readonly #countdown = byId('retry-countdown', HTMLElement)
  readonly #server = byId('server', HTMLElement)
  readonly #session = byId('session', HTMLElement)
  readonly #uptime = byId('uptime', HTMLElement)
  #timer = 0
  #retryAtMs = 0

  constructor(onRetry: () => void) {
    byId('retry-now', HTMLButtonElement).addEventListener('click', onRetry)
  }

  showConnecting(): void {
    // While it tries again it stays disconnected to look at: a page that flickers says less.
    if (document.documentElement.dataset.connection === 'disconnected') {
      this.#countDown(0)
      return
    }
    this.#showState('connecting')
  }

  showConnected({ server, session }: ServerReading): void {
    this.#showState('connected')
    setText(this.#server, server)
    setText(this.#session, formatSession(session))
  }

  showDisconnected(retryMs: number): void {
    this.#showState('disconnected')
    this.#countDown(retryMs)
  }

  showUptime(uptimeS: number): void {
    setText(this.#uptime, formatDuration(uptimeS))
  }

  #showState(state: ConnectionState): void {
    clearInterval(this.#timer)
    document.documentElement.dataset.connection = state
    this.#status.dataset.state = state
    this.#retry.hidden = state !== 'disconnected'
    // Announced by screen readers, so only when it changes; the countdown is not in it.
    setText(this.#statusText, STATE_TEXTS[state])
    document.title = state === 'connected' ? 'Carillon' : `${STATE_TEXTS[state]} · Carillon`
  }

  #countDown(retryMs: number): void {
    clearInterval(this.#timer)
    this.#retryAtMs = performance.now() + retryMs
    if (retryMs > 0) this.#timer = setInterval(() => this.#showCountdown(), COUNTDOWN_STEP_MS)
    this.#showCountdown()
  }

  #showCountdown(): void {
    const seconds = Math.ceil((this.#retryAtMs - performance.now()) / 1000)
    setText(this.#countdown, seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again…')
  }
}
