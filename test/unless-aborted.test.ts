import test from 'ava'
import { unlessAborted } from '../src/unless-aborted.ts'

const never = new Promise<never>(() => {})

test('without an abort, work ends as it does, and the signal is let go of', async (t) => {
  const { signal } = new AbortController()
  const listening: string[] = []
  signal.addEventListener = () => void listening.push('on')
  signal.removeEventListener = () => void listening.push('off')
  t.is(await unlessAborted(Promise.resolve(7), undefined), 7)
  t.is(await unlessAborted(Promise.resolve(7), signal), 7)
  const oops = new Error('oops')
  t.is(await t.throwsAsync(unlessAborted(Promise.reject(oops), signal)), oops)
  t.deepEqual(listening, ['on', 'off', 'on', 'off'])
})

test('an abort, before or meanwhile, is how it ends at once, whatever becomes of the work', async (t) => {
  const reason = new Error('given up')
  const controller = new AbortController()
  const waiting = unlessAborted(never, controller.signal)
  controller.abort(reason)
  t.is(await t.throwsAsync(waiting), reason)
  t.is(await t.throwsAsync(unlessAborted(never, controller.signal)), reason)
  const failing = unlessAborted(Promise.reject(new Error('oops')), controller.signal)
  t.is(await t.throwsAsync(failing), reason)
})
