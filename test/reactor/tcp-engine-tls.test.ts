import { connect } from 'node:tls'
import test from 'ava'
import { DEFAULT_TLS_HANDSHAKE_TIMEOUT_MS } from '../../src/reactor/limits.ts'
import { TlsTransport } from '../../src/reactor/tls-transport.ts'
import type { ListenAddress } from '../../src/reactor/transport.ts'
import { needsTool } from '../support/needs-tool.ts'
import { selfSigned } from '../support/self-signed.ts'
import { engineSuite } from './engine-suite.ts'
import { dialTcp } from './raw-peer.ts'

const declare = needsTool(test, 'openssl', 'apt-get install openssl')
if (declare === test) overTls()
else declare('a TcpEngine over TLS does as over any transport', () => {})

function overTls(): void {
  const own = selfSigned()
  const dial = (address: ListenAddress) => {
    // Over a socket of its own, because only such a one can be half-open.
    const socket = dialTcp(address)
    return connect({ socket, host: address.host, ca: own.cert })
  }
  // A hundred handshakes at once are much for a machine that is busy otherwise.
  const options = { ...own, handshakeTimeoutMs: 10 * DEFAULT_TLS_HANDSHAKE_TIMEOUT_MS }
  engineSuite(() => new TlsTransport(options), { dial, withRoom: 'queued' })
}
