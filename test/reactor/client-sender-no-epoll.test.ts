import test from 'ava'
import { NetTransport } from '../../src/reactor/net-transport.ts'
import { Reactor } from '../../src/reactor/reactor.ts'
import { bellOf, clientSenderSuite } from './client-sender-suite.ts'
import { Scene } from './recording-engine.ts'

// Before anything asks for the addon: this process is on a system that has no epoll.
Object.defineProperty(process, 'platform', { value: 'darwin' })

const createTransport = () => new NetTransport()

test('where there is no epoll, the bell is a number', async (t) => {
  t.is(Reactor.unavailable, "epoll is Linux's, this is darwin")
  const { engine } = await Scene.open(t, createTransport)
  t.is(bellOf(engine.sender()), 'rings')
})

clientSenderSuite(createTransport)
