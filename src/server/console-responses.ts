import type { ConsoleFile } from './console-files.ts'
import { isLoopbackHost } from './request-origin.ts'
import type { WebRequest, WebResponse } from './uwebsockets.ts'

/** The page is its own three files and a WebSocket to where it came from; nothing else runs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * Answers a request that is not for a WebSocket with one of the console's files, or says why not.
 *
 * @param loopbackOnly whether only names of this machine's loopback are answered.
 */
export function answer(
  response: WebResponse,
  request: WebRequest,
  files: ReadonlyMap<string, ConsoleFile>,
  loopbackOnly: boolean,
): void {
  const method = request.getMethod()
  if (loopbackOnly && !isLoopbackHost(request.getHeader('host'))) {
    refuse(response, method, '403 Forbidden', 'The console is served to this machine only')
    return
  }
  if (method !== 'get' && method !== 'head') {
    refuse(response, method, '405 Method Not Allowed', 'There is nothing to do here but GET')
    return
  }
  const file = files.get(request.getUrl())
  if (file === undefined) {
    refuse(response, method, '404 Not Found', 'There is no such page')
    return
  }
  response
    .writeHeader('Content-Type', file.contentType)
    .writeHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY)
    .writeHeader('Cross-Origin-Resource-Policy', 'same-origin')
    .writeHeader('Referrer-Policy', 'no-referrer')
  finish(response, method, file.body)
}

/** Answers with a status and a sentence. */
export function refuse(
  response: WebResponse,
  method: string,
  status: string,
  sentence: string,
): void {
  response.writeStatus(status).writeHeader('Content-Type', 'text/plain; charset=utf-8')
  if (status.startsWith('405')) response.writeHeader('Allow', 'GET, HEAD')
  finish(response, method, Buffer.from(`${sentence}\n`))
}

function finish(response: WebResponse, method: string, body: Uint8Array): void {
  response.writeHeader('Cache-Control', 'no-cache').writeHeader('X-Content-Type-Options', 'nosniff')
  if (method === 'head') response.writeHeader('Content-Length', `${body.length}`).endWithoutBody()
  // The connection is closed behind a body: else answers to requests sent ahead pile up unread.
  else response.end(body, true)
}
