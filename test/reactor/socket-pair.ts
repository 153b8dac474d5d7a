import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The two ends of a connection through a unix socket. Nobody reads from either. */
export async function socketPair(t: ExecutionContext): Promise<[Socket, Socket]> {
  const path = join(temporaryFolder(t), 'socket')
  const server = createServer({ pauseOnConnect: true }).listen(path)
  t.teardown(() => server.close())
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const here = connect(path)
  const [[there]] = (await Promise.all([accepted, once(here, 'connect')])) as [[Socket], unknown]
  t.teardown(() => {
    here.destroy()
    there.destroy()
  })
  return [here, there]
}

/** Node has no other name for it. */
export function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd
}
