// A server that runs out of descriptors before its first client, under a low `ulimit -n`.
import { closeSync, openSync } from 'node:fs'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import { RecordingEngine } from './recording-engine.ts'

const RESTS = 4

const engine = new RecordingEngine(
  { message: (client, message) => void client.sendMessage(message) },
  { transport: new EpollTransport() },
)
engine.init(0)
const { port } = await engine.start()
const tell = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)

const fillers: number[] = []
process.stdin.once('data', () => {
  clearInterval(look)
  for (const fd of fillers) closeSync(fd)
  void engine
    .until(() => engine.stats().acceptedClients === 2)
    .then(() => tell({ acceptedClients: engine.stats().acceptedClients }))
})
process.stdin.on('end', () => process.exit())
try {
  for (;;) fillers.push(openSync('/dev/null', 'r'))
} catch {
  tell({ port })
}
// The engine has no hook for it.
const look = setInterval(() => {
  const { acceptErrors, acceptedClients } = engine.stats()
  if (acceptErrors < RESTS) return
  clearInterval(look)
  tell({ acceptErrors, acceptedClients, wakeups: Reactor.shared.stats().wakeups })
}, 10)
