import { connect, type TLSSocket } from 'node:tls'
import { TlsTransport } from '../../src/reactor/tls-transport.ts'
import type { ListenAddress } from '../../src/reactor/transport.ts'
import { selfSigned } from '../support/self-signed.ts'
import { engineSuite } from './engine-suite.ts'
import { dialTcp } from './raw-peer.ts'

const own = selfSigned()

function dial(address: ListenAddress): TLSSocket {
  // Over a socket of its own, because only such a one can be half-open.
  const socket = dialTcp(address)
  return connect({ socket, host: address.host, ca: own.cert })
}

engineSuite(() => new TlsTransport(own), { dial, withRoom: 'queued' })
