// A server whose first accepts fail, and its first client.
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { RawPeer } from './raw-peer.ts'
import { RecordingEngine } from './recording-engine.ts'

const engine = new RecordingEngine({}, { transport: new EpollTransport() })
engine.init(0)
const peer = new RawPeer(await engine.start())
await engine.until(() => engine.stats().acceptedClients === 1)
const { acceptErrors, acceptedClients } = engine.stats()
console.log(JSON.stringify({ acceptErrors, acceptedClients }))
peer.socket.destroy()
await engine.stop()
