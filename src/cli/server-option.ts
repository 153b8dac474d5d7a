import { DEFAULT_PORT } from '../../proto/messages.ts'
import type { ServerAddress } from '../client/connection.ts'
import { UsageError } from './errors.ts'

/** The option, as the help has it. */
export const SERVER_SYNTAX = '--server <HOST[:PORT]>'

/**
 * Reads `HOST:PORT`, an IPv6 address in brackets; without a port, the server's usual one. A number
 * alone is no host: it is more likely a port.
 *
 * @throws {UsageError}
 */
export function parseServerOption(text: string): ServerAddress {
  const [, ipv6, name, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = ipv6 ?? name
  if (host !== undefined && digits === undefined && /^\d+$/.test(host)) {
    throw new UsageError(`--server takes HOST:PORT, for example 127.0.0.1:${host}, not "${text}"`)
  }
  const port = digits === undefined ? DEFAULT_PORT : Number(digits)
  if (host === undefined || port < 1 || port > 65_535) {
    const examples = `for example 127.0.0.1:${DEFAULT_PORT} or [::1]:${DEFAULT_PORT}`
    throw new UsageError(`--server takes HOST:PORT, ${examples}, not "${text}"`)
  }
  return { host, port }
}
