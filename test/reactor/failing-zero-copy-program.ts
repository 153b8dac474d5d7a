// A server that sends a client what it cannot send without a copy, and tells what became of it.
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import { RawPeer } from './raw-peer.ts'
import { pattern, RecordingEngine } from './recording-engine.ts'
import { Releases } from './releases.ts'

const SIZES = [20_000, 3_000_000, 100, 1_000_000]

const engine = new RecordingEngine(
  {},
  { transport: new EpollTransport(), maxQueuedBytes: 8_000_000 },
)
engine.init(0)
const peer = new RawPeer(await engine.start())
await engine.until(() => engine.stats().acceptedClients === 1)
const releases = new Releases()
for (const size of SIZES) engine.client().sendZeroCopy(...releases.block(size))
await peer.untilReceived(Buffer.concat(SIZES.map(pattern)))
await releases.untilAll()
const { zeroCopySends, zeroCopyFallbacks, zeroCopyOutstanding } = Reactor.shared.stats()
console.log(JSON.stringify({ zeroCopySends, zeroCopyFallbacks, zeroCopyOutstanding }))
peer.socket.destroy()
await engine.stop()
