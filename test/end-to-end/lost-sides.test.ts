import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CarillonClient } from '../../src/client/index.ts'
import { carillon, startCarillon } from '../support/carillon-command.ts'
import { type LogLine, type ServingProcess, startServer } from '../support/carillon-server.ts'
import { coreProcess, coreProcesses } from '../support/core-processes.ts'
import { ProtocolPeer } from '../support/protocol-peer.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { chunk, formatFields, riff } from '../support/wav-bytes.ts'
import { SPEECH } from '../support/wav-files.ts'

const [SPOKEN = ''] = SPEECH

/** A recording that takes the core a while: a minute of eight channels, through a long filter. */
function longRecording(t: ExecutionContext): string {
  const path = join(temporaryFolder(t), 'long.wav')
  const format = formatFields({ channels: 8, sampleRateHz: 48_000 })
  writeFileSync(path, riff(chunk('fmt ', format), chunk('data', Buffer.alloc(16 * 48_000 * 60))))
  return path
}

/** Starts a job on a server and resolves once its samples flow. */
async function startJob(t: ExecutionContext, server: ServingProcess) {
  const folder = temporaryFolder(t)
  const input = longRecording(t)
  const client = await CarillonClient.connect({ port: server.port, name: 'watcher' })
  t.teardown(() => client.close())
  const flowing = new Promise<void>((resolve) => {
    client.on('telemetry', ({ clients }) => {
      if (clients?.some(({ messagesIn }) => Number(messagesIn) > 50)) resolve()
    })
  })
  await client.subscribe({ telemetry: true })
  const job = startCarillon(
    t,
    ...['process', input, join(folder, 'out.wav'), '--server', server.address],
    ...['--block-frames', '64', '--effect', `fir:taps=${new Array(2000).fill(0.001).join()}`],
  )
  await flowing
  return { ...job, folder }
}

test('a core that is killed in the middle is an error of its streams, and is started again', async (t) => {
  const server = await startServer(t)
  const bystander = await ProtocolPeer.greet(t, server.port)
  const job = await startJob(t, server)
  process.kill(coreProcess(server.region), 'SIGKILL')
  const { code, stderr } = await job.ended
  t.is(code, 1)
  t.regex(stderr, /\[ERR_CARILLON_CORE_LOST\]/)
  t.deepEqual(readdirSync(job.folder), [], 'no half-written output')
  bystander.send({ request: 1, describe: {} })
  t.is((await bystander.next()).body, 'description', 'a client without a stream is not disturbed')
  for (;;) {
    bystander.send({ request: 2, openStream: { sampleRateHz: 48_000, channels: 1 } })
    const answer = await bystander.next()
    if (answer.body === 'streamOpened') break
    t.is(answer.error?.code, 'ERR_CARILLON_CORE_UNAVAILABLE')
  }
  const output = join(job.folder, 'again.wav')
  t.is((await carillon(t, 'process', SPOKEN, output, '--server', server.address)).code, 0)
  t.is(await server.end('SIGINT'), 0)
  t.deepEqual(coreProcesses(server.region), [])
})

test('a core can be started again when the name of the shared file is gone', async (t) => {
  const server = await startServer(t)
  rmSync(server.region)
  const first = coreProcess(server.region)
  const peer = await ProtocolPeer.greet(t, server.port)
  process.kill(first, 'SIGKILL')
  await server.logged(({ code }) => code === 'ERR_CARILLON_CORE_LOST')
  for (;;) {
    peer.send({ request: 1, openStream: { sampleRateHz: 48_000, channels: 1 } })
    const answer = await peer.next()
    if (answer.body === 'streamOpened') break
    t.is(answer.error?.code, 'ERR_CARILLON_CORE_UNAVAILABLE')
  }
  t.not(coreProcess(server.region), first)
  const output = join(temporaryFolder(t), 'out.wav')
  t.is((await carillon(t, 'process', SPOKEN, output, '--server', server.address)).code, 0)
  t.deepEqual(readFileSync(output).subarray(-1000), readFileSync(SPOKEN).subarray(-1000))
  t.is(await server.end('SIGINT'), 0)
  t.deepEqual(coreProcesses(server.region), [])
})

test('a core that dies again and again does not take the server along', async (t) => {
  const server = await startServer(t)
  for (let boot = 2; boot <= 4; boot++) {
    const peer = await ProtocolPeer.greet(t, server.port)
    process.kill(coreProcess(server.region), 'SIGKILL')
    for (let running = false; !running; ) {
      peer.send({ request: 1, describe: {} })
      const { description } = await peer.next()
      const state = description?.cores?.[0]
      running = state?.state === 'running' && state.bootCount === boot
    }
  }
  t.is(await server.end('SIGINT'), 0)
})

test('a server that is killed in the middle is an error, its core ends and removes the file', async (t) => {
  const server = await startServer(t)
  const job = await startJob(t, server)
  const gone = new Promise<void>((resolve) => {
    const watcher = watch('/dev/shm', () => {
      if (existsSync(server.region)) return
      watcher.close()
      resolve()
    })
  })
  await server.end('SIGKILL')
  const { code, stderr } = await job.ended
  t.is(code, 1)
  t.regex(stderr, /\[ERR_CARILLON_DISCONNECTED\]/)
  t.deepEqual(readdirSync(job.folder), [])
  await gone
  t.false(existsSync(server.region))
})

for (const bytes of [0, 4096]) {
  test(`a shared file that is cut to ${bytes} bytes costs its streams, and is made anew`, async (t) => {
    const server = await startServer(t)
    const job = await startJob(t, server)
    t.is(statSync(server.region).mode & 0o222, 0, 'it takes a deliberate act')
    const { size } = statSync(server.region)
    chmodSync(server.region, 0o600)
    truncateSync(server.region, bytes)
    const { code: exitCode, stderr } = await job.ended
    t.is(exitCode, 1)
    t.regex(stderr, /\[ERR_CARILLON_(CORE_LOST|RING_DAMAGED)\]/)
    t.deepEqual(readdirSync(job.folder), [])
    // Not the one that a core could not be started meanwhile.
    const tells = ({ code, msg }: LogLine) =>
      code === 'ERR_CARILLON_REGION_TRUNCATED' && msg.includes('all cores start anew')
    await server.logged(tells)
    t.is(statSync(server.region).size, size)
    const peer = await ProtocolPeer.greet(t, server.port)
    for (;;) {
      peer.send({ request: 1, openStream: { sampleRateHz: 48_000, channels: 1 } })
      const answer = await peer.next()
      if (answer.body === 'streamOpened') break
      t.is(answer.error?.code, 'ERR_CARILLON_CORE_UNAVAILABLE')
    }
    const output = join(job.folder, 'again.wav')
    t.is((await carillon(t, 'process', SPOKEN, output, '--server', server.address)).code, 0)
    t.is(server.log.filter(tells).length, 1)
    t.is(await server.end('SIGINT'), 0)
    t.deepEqual(coreProcesses(server.region), [])
    t.false(existsSync(server.region))
  })
}

test('a client that stands still holds nobody up, and goes on where it was', async (t) => {
  const server = await startServer(t)
  const job = await startJob(t, server)
  const watcher = await CarillonClient.connect({ port: server.port, name: 'watcher' })
  t.teardown(() => watcher.close())
  job.child.kill('SIGSTOP')
  // Its queue is full, and the server reads no more from it: nothing of it moves.
  let last = ''
  let stillFor = 0
  const stands = new Promise<void>((resolve) => {
    watcher.on('telemetry', ({ clients = [] }) => {
      const client = clients?.find(({ name }) => name === 'carillon process')
      const now = JSON.stringify([client?.messagesIn, client?.messagesOut, client?.queuedBytes])
      stillFor = now === last ? stillFor + 1 : 0
      last = now
      if (stillFor === 5) resolve()
    })
  })
  await watcher.subscribe({ telemetry: true })
  await stands
  t.regex(last, /^\[\d{2,},\d{2,},\d+\]$/, 'what stands still is the client')
  const output = join(temporaryFolder(t), 'out.wav')
  t.is((await carillon(t, 'process', SPOKEN, output, '--server', server.address)).code, 0)
  job.child.kill('SIGCONT')
  t.is((await job.ended).code, 0)
  t.true(existsSync(join(job.folder, 'out.wav')))
  t.is(await server.end('SIGINT'), 0)
})

test('a client that stands still does not keep the server from stopping', async (t) => {
  const server = await startServer(t)
  const job = await startJob(t, server)
  job.child.kill('SIGSTOP')
  t.is(await server.end('SIGINT'), 0)
  t.false(existsSync(server.region))
  job.child.kill('SIGCONT')
  const { code, stderr } = await job.ended
  t.is(code, 1)
  t.regex(stderr, /\[ERR_CARILLON_[A-Z_]+\]/)
  t.deepEqual(readdirSync(job.folder), [])
})

test('a job that is interrupted leaves nothing, and its server goes on', async (t) => {
  const server = await startServer(t)
  const job = await startJob(t, server)
  t.not(readdirSync(job.folder).length, 0, 'it is being written')
  t.false(existsSync(join(job.folder, 'out.wav')))
  job.child.kill('SIGINT')
  t.is((await job.ended).code, 130)
  t.deepEqual(readdirSync(job.folder), [])
  const output = join(job.folder, 'out.wav')
  t.is((await carillon(t, 'process', SPOKEN, output, '--server', server.address)).code, 0)
})

test('a job that is killed leaves no output, and its server forgets it', async (t) => {
  const server = await startServer(t)
  const job = await startJob(t, server)
  job.child.kill('SIGKILL')
  await job.ended
  t.false(existsSync(join(job.folder, 'out.wav')))
  await server.logged(({ msg }) => /^carillon process .* disconnected$/.test(msg))
  t.is(await server.end('SIGINT'), 0)
})
