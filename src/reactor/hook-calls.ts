import { errorMessage } from '../errors.ts'
import { ClientError } from './errors.ts'
import type { HookName, HookResult } from './session-host.ts'
import type { TcpClient } from './tcp-client.ts'

/** Calls the hooks of one client, so that what one throws ends this client and nothing else. */
export class HookCalls {
  readonly #client: TcpClient
  readonly #onThrow: (name: HookName, error: ClientError) => void

  /** @param onThrow told what a hook threw, or its promise was rejected with. */
  constructor(client: TcpClient, onThrow: (name: HookName, error: ClientError) => void) {
    this.#client = client
    this.#onThrow = onThrow
  }

  call(name: HookName, hook: (client: TcpClient) => HookResult): void {
    try {
      const result = hook(this.#client)
      if (result !== undefined) this.await(name, result)
    } catch (cause) {
      this.threw(name, cause)
    }
  }

  /** What a hook returned. Nobody waits for it; a rejection counts as a throw. */
  await(name: HookName, result: unknown): void {
    if (result instanceof Promise) result.catch((cause) => this.threw(name, cause))
  }

  threw(name: HookName, cause: unknown): void {
    const message = `${name} threw: ${errorMessage(cause)}`
    this.#onThrow(name, new ClientError('ERR_CARILLON_HOOK', message, { cause }))
  }
}
