import { engineSuite } from './engine-suite.ts'
import { ReusingTransport } from './reusing-transport.ts'

engineSuite(() => new ReusingTransport())
