import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { engineSuite } from './engine-suite.ts'

engineSuite(() => new EpollTransport())
