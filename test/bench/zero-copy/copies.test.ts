import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type ExecutionContext } from 'ava'
import { buildPrograms } from '../../../bench/programs.ts'
import { CopyCounts, type Counts } from '../../../bench/zero-copy/copy-counts.ts'
import { judge } from '../../../bench/zero-copy/judgement.ts'
import { findPlaces } from '../../../bench/zero-copy/memory-places.ts'
import { TARGETS } from '../../../bench/zero-copy/targets.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { resultsOf, seriesOf } from '../results-of.ts'

test.before(() => buildPrograms())

/** A program that says what it is at and goes on with the next line that it is told. */
function step(t: ExecutionContext, command: readonly string[]) {
  const [file = '', ...args] = command
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? 0,
    async next() {
      child.stdin.write('\n')
      await lines.next()
    },
    async end() {
      child.stdin.end()
      await once(child, 'close')
    },
  }
}

/** Runs one line of JavaScript after the other, at each `next`. */
const STEPS = `
  const lines = require('node:readline').createInterface(process.stdin)
  lines.on('line', () => { const run = steps.shift(); Promise.resolve(run?.()).then(() => console.log('done')) })
`

test('copies are told by where they are from: a socket, the region, or neither', async (t) => {
  const file = join(temporaryFolder(t), 'region')
  writeFileSync(file, Buffer.alloc(1024 * 1024, 5))
  const counts = new CopyCounts()
  t.teardown(() => counts.remove())
  const script = `
    const { openSync } = require('node:fs')
    const { connect, createServer } = require('node:net')
    const addon = require(process.argv[1])
    const bytes = 1024 * 1024
    const region = new Uint8Array(addon.map(openSync(${JSON.stringify(file)}, 'r+'), 0, bytes, true))
    const [a, b, c] = [0, 0, 0].map(() => Buffer.alloc(bytes))
    let chunk
    const steps = [
      () => new Promise((resolve) => createServer((socket) => {
        socket.once('data', (data) => { chunk = data; socket.destroy(); resolve() })
      }).listen(0, function () { connect(this.address().port).end(Buffer.alloc(50000, 1)); this.unref() })),
      () => a.set(chunk),
      () => region.set(a.subarray(0, chunk.length)),
      () => b.set(region.subarray(0, 300000)),
      () => c.set(b.subarray(0, 300000)),
      () => { a.fill(1); b.set(c.subarray(600000)); c.set(b.subarray(0, 400000)) },
    ]
    ${STEPS}`
  const addon = join(import.meta.dirname, '../../../../native/build/Release/carillon.node')
  const process_ = step(t, counts.counted([process.execPath, '--eval', script, addon]))
  const deltas: Counts[] = []
  let before = counts.read()
  for (let i = 0; i < 6; i++) {
    await process_.next()
    const after = counts.read()
    deltas.push(
      Object.fromEntries(
        Object.entries(after).map(([name, count]) => [name, count - before[name as keyof Counts]]),
      ) as Counts,
    )
    before = after
  }
  await process_.end()
  const [receive, copyIn, intoRegion, fromRegion, copyOut, other] = deltas
  const received = receive?.receivedBytes ?? 0
  t.true(received > 0 && received <= 50_000)
  // Node copies a little beside it, at times from memory that has held what was received.
  const isAllOfIt = (bytes = 0) => bytes >= received && bytes < received + 1024
  t.true(isAllOfIt(copyIn?.incomingBytes), `${copyIn?.incomingBytes} of ${received}`)
  t.true(isAllOfIt(intoRegion?.incomingBytes), `${intoRegion?.incomingBytes} of ${received}`)
  t.is(intoRegion?.regionBytes, received)
  t.is(fromRegion?.outgoingBytes, 300_000)
  t.is(copyOut?.outgoingBytes, 300_000)
  t.is(copyOut?.incomingBytes, 0)
  // Of the last two copies one is of nothing known, and so is then what was copied over.
  t.true((other?.otherBytes ?? 0) >= 1024 * 1024 - 600_000 + 400_000)
  t.is(other?.outgoingBytes, 0)
})

test('every place where some bytes lie is found, also behind copies that no call makes', async (t) => {
  const file = join(temporaryFolder(t), 'bytes')
  writeFileSync(file, Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * i * 31) % 251)))
  const script = `
    const { readFileSync } = require('node:fs')
    const bytes = readFileSync(${JSON.stringify(file)})
    const kept = [bytes]
    const steps = [() => {}, () => {
      const copy = new Uint8Array(bytes.length)
      for (let i = 0; i < bytes.length; i++) copy[i] = bytes[i]
      kept.push(copy)
    }]
    ${STEPS}`
  const process_ = step(t, [process.execPath, '--eval', script])
  const bytes = readFileSync(file)
  await process_.next()
  const before = findPlaces(process_.pid, bytes)
  await process_.next()
  const after = findPlaces(process_.pid, bytes)
  await process_.end()
  t.true(before.own >= 1)
  t.deepEqual(after, { shared: 0, own: before.own + 1 })
})

test('one copy into the ring holds, two are missed; out of it none holds, one is missed', (t) => {
  const verdictsOf = (metric: string, copies: number) => {
    const figures = [copies, copies, copies]
    const all = ['copies-16k', 'copies-1k'].map((cell) =>
      seriesOf('carillon', metric, figures, cell),
    )
    return judge(resultsOf(all), TARGETS).map(({ verdict }) => verdict)
  }
  t.deepEqual(verdictsOf('copiesSocketToRing', 1.001), ['holds', 'holds'])
  t.deepEqual(verdictsOf('copiesSocketToRing', 2), ['missed', 'missed'])
  t.deepEqual(verdictsOf('copiesRingToSocket', 0.01), ['holds', 'holds'])
  t.deepEqual(verdictsOf('copiesRingToSocket', 1), ['missed', 'missed'])
})
