import type { Logger } from 'pino'
import { errorCode, errorMessage } from '../errors.ts'
import type { CarillonServer } from '../server/carillon-server.ts'

/**
 * Asks for the firmware to be read and started again. Not SIGHUP, which a terminal sends as it is
 * closed: the server ends then. SIGUSR1 is Node's own.
 */
export const RELOAD_SIGNAL = 'SIGUSR2'

/** Loads a server's firmware again, once for however many ask before that begins. */
export class Reloads {
  readonly #logger: Logger
  #server: Pick<CarillonServer, 'reload'> | undefined
  #isAsked = false
  #isLoading = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** The server runs. What was asked for while it started is done. */
  begin(server: Pick<CarillonServer, 'reload'>): void {
    this.#server = server
    if (this.#isAsked) void this.#loadAsked(server)
  }

  ask(): void {
    this.#isAsked = true
    if (this.#server !== undefined && !this.#isLoading) void this.#loadAsked(this.#server)
  }

  async #loadAsked(server: Pick<CarillonServer, 'reload'>): Promise<void> {
    this.#isLoading = true
    while (this.#isAsked) {
      this.#isAsked = false
      await this.#load(server)
    }
    this.#isLoading = false
  }

  /** What cannot be loaded is told, and the cores go on with what they run. */
  async #load(server: Pick<CarillonServer, 'reload'>): Promise<void> {
    this.#logger.info({ signal: RELOAD_SIGNAL }, 'loading the firmware again')
    try {
      const { firmware, version } = await server.reload()
      const what = `the cores run firmware ${version}`
      this.#logger.info({ event: 'reloaded', firmware, version }, what)
    } catch (error) {
      const what = `the firmware was not loaded: ${errorMessage(error)}`
      this.#logger.error({ event: 'not-reloaded', code: errorCode(error) }, what)
    }
  }
}
