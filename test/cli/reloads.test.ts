import test from 'ava'
import { RELOAD_SIGNAL, Reloads } from '../../src/cli/reloads.ts'
import { recordingLogger } from '../support/recording-logger.ts'

/** A server whose reloads last until they are ended. */
function slowServer() {
  const ends: (() => void)[] = []
  const reload = () =>
    new Promise<{ firmware: string; version: string }>((resolve) => {
      ends.push(() => resolve({ firmware: 'firmware', version: '1.2.3' }))
    })
  return { server: { reload }, ends }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

test('what is asked for while the server starts is done once it runs, once', async (t) => {
  const { logger, lines } = recordingLogger()
  const { server, ends } = slowServer()
  const reloads = new Reloads(logger)
  for (let asked = 0; asked < 5; asked++) reloads.ask()
  t.is(ends.length, 0)
  reloads.begin(server)
  t.is(ends.length, 1)
  ends[0]?.()
  await settle()
  t.is(ends.length, 1)
  t.deepEqual(
    lines.map(({ event, signal }) => event ?? signal),
    [RELOAD_SIGNAL, 'reloaded'],
  )
})

test('those that are asked for during one are one more', async (t) => {
  const { logger } = recordingLogger()
  const { server, ends } = slowServer()
  const reloads = new Reloads(logger)
  reloads.begin(server)
  t.is(ends.length, 0)
  for (let asked = 0; asked < 5; asked++) reloads.ask()
  t.is(ends.length, 1)
  ends[0]?.()
  await settle()
  t.is(ends.length, 2)
  ends[1]?.()
  await settle()
  t.is(ends.length, 2)
  reloads.ask()
  t.is(ends.length, 3)
})
