// Programs of their own for what a test process cannot show: how a process ends.
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { EventFd } from '../../src/reactor/event-fd.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import { RecordingEngine } from './recording-engine.ts'

const [what, which = ''] = process.argv.slice(2)

function throwing(): string[] {
  const told: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) {
    const bell = EventFd.create()
    const watch = Reactor.shared.watchEventFd(bell, () => {
      told.push(name)
      watch.close()
      bell.close()
      if (name === 'a' || name === 'c') throw new Error(`out of tune: ${name}`)
    })
    bell.signal()
  }
  return told
}

function throwHandled(): void {
  const thrown: string[] = []
  let toldBeforeThrown = 0
  const told = throwing()
  process.on('uncaughtException', (error) => {
    if (thrown.length === 0) toldBeforeThrown = told.length
    thrown.push(error.message.slice(-1))
  })
  process.on('exit', () => {
    process.stdout.write(JSON.stringify({ told, thrown, toldBeforeThrown }))
  })
}

async function ends(): Promise<void> {
  process.on('exit', () => process.stdout.write(`${which} is over\n`))
  if (which === 'nothing') Reactor.shared.stats()
  if (which === 'watches') {
    const bell = EventFd.create()
    Reactor.shared.watchEventFd(bell, () => {}).close()
    Reactor.shared.timer(() => {}).close()
  }
  if (which === 'engine') {
    const engine = new RecordingEngine({}, { transport: new EpollTransport() })
    engine.init(0)
    await engine.start()
    engine.sender()
    await engine.stop()
  }
  if (which === 'closed') {
    const reactor = new Reactor()
    reactor.timer(() => {}).set(1_000_000, 1_000_000)
    reactor.watchEventFd(EventFd.create(), () => {})
    reactor.close()
  }
}

function waits(): void {
  const rang = () => process.stdout.write('rang\n')
  if (which === 'timer') {
    const timer = Reactor.shared.timer(() => {
      rang()
      timer.close()
    })
    timer.set(50_000)
  } else {
    const bell = EventFd.create()
    const watch = Reactor.shared.watchEventFd(bell, () => {
      rang()
      watch.close()
    })
    // Unreferenced: this does not keep the process, the watch does.
    setTimeout(() => bell.signal(), 50).unref()
  }
}

if (what === 'throw') throwing()
if (what === 'throw-handled') throwHandled()
if (what === 'ends') await ends()
if (what === 'waits') waits()
