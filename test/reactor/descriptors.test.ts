import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { startAndStop } from './engine-starts.ts'
import type { EngineThreadData } from './engine-thread.ts'
import { RawPeer } from './raw-peer.ts'
import { frames } from './recording-engine.ts'

/** How many this process has open. */
function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

function startThread(workerData: EngineThreadData): Worker {
  return new Worker(join(import.meta.dirname, 'engine-thread.js'), { workerData })
}

test.serial('a hundred starts and stops leave no descriptor behind', async (t) => {
  await startAndStop(1)
  const before = descriptors()
  await startAndStop(100)
  t.is(descriptors(), before)
})

test.serial('nor do they in a thread', async (t) => {
  const run = async (times: number) => {
    const [code] = await once(startThread({ starts: times }), 'exit')
    t.is(code, 0)
  }
  await run(1)
  const before = descriptors()
  await run(100)
  t.is(descriptors(), before)
})

/** A thread with an engine and clients, which is ended: between two hooks, or within one. */
async function endThread(hangs: boolean): Promise<void> {
  const thread = startThread({ starts: 0, hangs })
  const [address] = await once(thread, 'message')
  const peers = Array.from({ length: 5 }, () => new RawPeer(address))
  // They are clients now.
  await once(thread, 'message')
  if (hangs) {
    for (const peer of peers) peer.socket.write(frames('ding'))
    await once(thread, 'message')
  }
  await thread.terminate()
  for (const peer of peers) {
    await peer.untilEnded()
    peer.socket.destroy()
    await peer.untilClosed()
  }
}

for (const [where, hangs] of [
  ['with an engine and clients', false],
  ['in the middle of a hook', true],
] as const) {
  test.serial(`nor does a thread that is ended ${where}`, async (t) => {
    await endThread(hangs)
    const before = descriptors()
    for (let times = 0; times < 10; times++) await endThread(hangs)
    t.is(descriptors(), before)
  })
}
