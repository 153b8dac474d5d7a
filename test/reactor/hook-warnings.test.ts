import test, { type ExecutionContext } from 'ava'
import { HookWarnings } from '../../src/reactor/hook-warnings.ts'
import { NetTransport } from '../../src/reactor/net-transport.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { RawPeer } from './raw-peer.ts'
import { frames, RecordingEngine } from './recording-engine.ts'

interface Warning extends Error {
  readonly code?: string
  readonly detail?: string
}

/** The process warnings from now on that are Carillon's. */
function recordWarnings(t: ExecutionContext): Warning[] {
  const warnings: Warning[] = []
  const listener = (warning: Warning) => {
    if (warning.name === 'CarillonWarning') warnings.push(warning)
  }
  process.on('warning', listener)
  t.teardown(() => process.off('warning', listener))
  return warnings
}

/** A warning is told in the turn after it was given. */
const told = () => new Promise((resolve) => setImmediate(resolve))

function oops(): never {
  throw new TypeError('oops')
}

async function throwOnMessage(t: ExecutionContext, options = {}): Promise<void> {
  const transport = new NetTransport()
  const engine = new RecordingEngine({ message: oops }, { transport, ...options })
  engine.init(0)
  const peer = new RawPeer(await engine.start())
  peer.socket.end(frames('x'))
  await engine.untilDisconnected()
  await engine.stop()
  await told()
  t.is(engine.stats().hookErrors, 1)
}

test.serial('what a hook throws is a process warning where there is no logger', async (t) => {
  const warnings = recordWarnings(t)
  await throwOnMessage(t)
  t.is(warnings.length, 1)
  t.like(warnings[0], { code: 'ERR_CARILLON_HOOK', message: 'onClientMessage threw: oops' })
  t.regex(warnings[0]?.detail ?? '', /^TypeError: oops\n {4}at .*oops /)
})

test.serial('with a logger it is a line of the log and no warning', async (t) => {
  const warnings = recordWarnings(t)
  const { logger, lines } = recordingLogger()
  await throwOnMessage(t, { logger })
  t.deepEqual(warnings, [])
  const line = lines.find(({ msg }) => msg === 'a hook threw')
  t.like(line, { hook: 'onClientMessage', code: 'ERR_CARILLON_HOOK', err: { message: 'oops' } })
})

test.serial('there is one warning a second, which counts those before it', async (t) => {
  const recorded = recordWarnings(t)
  let nowMs = 5
  const warnings = new HookWarnings(() => nowMs)
  for (const atMs of [5, 6, 1004, 1005, 1006, 2005]) {
    nowMs = atMs
    warnings.warn('ERR_CARILLON_HOOK', `at ${atMs}`, 'no error at all')
  }
  await told()
  t.deepEqual(
    recorded.map(({ message, detail }) => [message, detail]),
    [
      ['at 5', undefined],
      ['at 1005 (2 more since the last warning)', undefined],
      ['at 2005 (1 more since the last warning)', undefined],
    ],
  )
})
