import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import { RawPeer } from './raw-peer.ts'
import { frames, RecordingEngine } from './recording-engine.ts'

/** Each time an engine with a client, a sender, a reactor of its own every other time. */
export async function startAndStop(times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const reactor = time % 2 === 0 ? Reactor.shared : new Reactor()
    const engine = new RecordingEngine({}, { transport: new EpollTransport({ reactor }) })
    engine.init(0)
    const peer = new RawPeer(await engine.start())
    engine.sender()
    peer.socket.end(frames('ding'))
    await engine.untilDisconnected(1)
    await peer.untilClosed()
    await engine.stop()
    if (reactor !== Reactor.shared) reactor.close()
  }
}
