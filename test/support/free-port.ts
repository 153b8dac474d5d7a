import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { errorCode } from '../../src/errors.ts'

/** The first port that the system gives out by itself. */
const GIVEN_OUT_FROM = Number.parseInt(
  readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'ascii'),
  10,
)
/** What lies below, services use. */
const LEAST = 10_000

/**
 * A port that is free and stays so for what must come back on the port that it had, or must not be
 * found there any more: none of those that the system gives to whoever asks for any.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (GIVEN_OUT_FROM - LEAST))
    const server = createServer()
    try {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    } catch (error) {
      if (errorCode(error) === 'EADDRINUSE') continue
      throw error
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
