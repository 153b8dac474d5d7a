import { NetTransport } from '../../src/reactor/net-transport.ts'
import { engineSuite } from './engine-suite.ts'

engineSuite(() => new NetTransport())
