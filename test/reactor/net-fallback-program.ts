// Two engines over whatever transport is the default here, and what the log says of it.
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { EventFd } from '../../src/reactor/event-fd.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { RawPeer } from './raw-peer.ts'
import { frames, RecordingEngine } from './recording-engine.ts'

const { logger, lines } = recordingLogger()

async function echo(text: string): Promise<string> {
  const engine = new RecordingEngine(
    { message: (client, message) => void client.sendMessage(message) },
    { logger },
  )
  engine.init(0)
  const peer = new RawPeer(await engine.start())
  peer.socket.write(frames(text))
  await peer.untilReceived(frames(text))
  // Rings the bell of another thread, whatever that is here.
  engine.sender()
  peer.socket.end()
  await engine.stop()
  return text
}

/** The codes of what does not go without the addon. */
async function refusals(): Promise<string[]> {
  const engine = new RecordingEngine({}, { transport: new EpollTransport() })
  engine.init(0)
  const calls = [
    () => new Reactor().close(),
    () => EventFd.create().close(),
    () => EventFd.from({ eventFd: 1 }).signal(),
    () => engine.start().then(() => engine.stop()),
  ]
  const codes: string[] = []
  for (const call of calls) {
    try {
      await call()
    } catch (error) {
      const { code, cause } = error as { code: string; cause?: { code: string } }
      codes.push(cause?.code ?? code)
    }
  }
  return codes
}

const echoed = `${await echo('ding')} ${await echo('dong')}`
const refused = await refusals()
const transports = Reactor.unavailable === undefined ? 'epoll' : 'net'
const told = lines.filter(({ msg }) => String(msg).includes('net'))
process.stdout.write(JSON.stringify({ echoed, transports, refused, lines: told }))
