import { isIP } from 'node:net'

/** A host as in a URL, without its port; an empty string where `host` is not one. */
function hostName(host: string): string {
  return parse(`http://${host}`)?.hostname ?? ''
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

/** Whether an address is one of the machine's own loopback. */
export function isLoopbackAddress(address: string): boolean {
  return isIP(address) !== 0 && /^(::1$|(::ffff:)?127\.)/.test(address)
}

/**
 * Whether the Host header names this machine's loopback. A page of the web that has its own name
 * point at 127.0.0.1 (DNS rebinding) would pass for the same origin otherwise.
 */
export function isLoopbackHost(host: string): boolean {
  const name = hostName(host)
  return name === 'localhost' || isLoopbackAddress(name.replace(/^\[(.*)\]$/, '$1'))
}

/**
 * Whether a request's Origin header is of the very host that its Host header names. Browsers let any
 * page open a WebSocket to anywhere; only this keeps it to ours.
 */
export function isSameOrigin(origin: string, host: string): boolean {
  const from = parse(origin)
  return (
    from !== undefined && from.host !== '' && from.host === parse(`${from.protocol}//${host}`)?.host
  )
}
