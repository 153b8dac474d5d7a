import type { Socket } from 'node:net'
import { NetConnection } from './net-connection.ts'
import { NodeTransport } from './node-transport.ts'
import type { Acceptor } from './transport.ts'

/** TCP by Node's own `net`. */
export class NetTransport extends NodeTransport {
  protected override accept(socket: Socket, acceptor: Acceptor): void {
    new NetConnection(socket).open(acceptor)
  }
}
