import test from 'ava'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { bellOf, clientSenderSuite } from './client-sender-suite.ts'
import { Scene } from './recording-engine.ts'

const createTransport = () => new EpollTransport()

test('the bell is an eventfd', async (t) => {
  const { engine } = await Scene.open(t, createTransport)
  t.is(bellOf(engine.sender()), 'eventFd')
})

clientSenderSuite(createTransport)
