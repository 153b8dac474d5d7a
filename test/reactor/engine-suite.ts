import type { SendResult } from '../../src/reactor/tcp-client.ts'
import type { Transport } from '../../src/reactor/transport.ts'
import { type Dial, dialTcp } from './raw-peer.ts'
import { Scene } from './recording-engine.ts'
import { actingHooksSuite } from './suite/acting-hooks.ts'
import { badFramingSuite } from './suite/bad-framing.ts'
import { closingSuite } from './suite/closing.ts'
import { engineLifeSuite } from './suite/engine-life.ts'
import { flowControlSuite } from './suite/flow-control.ts'
import { hardPeersSuite } from './suite/hard-peers.ts'
import { messagesSuite } from './suite/messages.ts'
import { pausingSuite } from './suite/pausing.ts'
import { peersEndSuite } from './suite/peers-end.ts'
import { sendingSuite } from './suite/sending.ts'
import type { Stage } from './suite/stage.ts'
import { throwingHooksSuite } from './suite/throwing-hooks.ts'
import { timeoutsSuite } from './suite/timeouts.ts'
import { zeroCopySuite } from './suite/zero-copy.ts'

export interface OtherEnd {
  /** How peers connect. */
  readonly dial: Dial
  /** What `sendData` answers while the kernel takes everything. */
  readonly withRoom: SendResult
}

const TCP: OtherEnd = { dial: dialTcp, withRoom: 'sent' }

/** What every transport must do under a `TcpEngine`. */
export function engineSuite(createTransport: () => Transport, otherEnd = TCP): void {
  const stage: Stage = {
    open: (t, setting) => Scene.open(t, createTransport, setting, otherEnd.dial),
    createTransport,
    withRoom: otherEnd.withRoom,
  }
  messagesSuite(stage)
  sendingSuite(stage)
  pausingSuite(stage)
  closingSuite(stage)
  peersEndSuite(stage)
  throwingHooksSuite(stage)
  badFramingSuite(stage)
  actingHooksSuite(stage)
  engineLifeSuite(stage)
  flowControlSuite(stage)
  timeoutsSuite(stage)
  hardPeersSuite(stage)
  zeroCopySuite(stage)
}
