import { execFile, execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test, { type ExecutionContext } from 'ava'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { ZERO_COPY_LEAST_BYTES } from '../../src/reactor/limits.ts'
import type { Reactor } from '../../src/reactor/reactor.ts'
import { needsTool } from '../support/needs-tool.ts'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import type { RawPeer } from './raw-peer.ts'
import { reactorOf } from './reactor-of.ts'
import { pattern, type RecordingEngine, Scene } from './recording-engine.ts'
import { Releases } from './releases.ts'
import { nextTurn } from './suite/stage.ts'

const MIB = 1024 * 1024
/** As many sends of one connection as may be unfinished. */
const OUTSTANDING = 128

const compilerTest = needsTool(test.serial, 'gcc', 'apt-get install build-essential')

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Cast {
  reactor: Reactor
  scene: Scene
  engine: RecordingEngine
  peer: RawPeer
  releases: Releases
}

async function enter(t: ExecutionContext): Promise<Cast> {
  const reactor = reactorOf(t)
  const options = { maxQueuedBytes: 64 * MIB }
  const scene = await Scene.open(t, () => new EpollTransport({ reactor }), { options })
  const peer = await scene.connect()
  return { reactor, scene, engine: scene.engine, peer, releases: new Releases() }
}

test.serial(
  'what has 16 KiB or more is sent without a copy, and what has less is not',
  async (t) => {
    const { reactor, engine, peer, releases } = await enter(t)
    const sizes = [ZERO_COPY_LEAST_BYTES - 1, ZERO_COPY_LEAST_BYTES, 2 * ZERO_COPY_LEAST_BYTES]
    const sends: number[] = []
    for (const size of sizes) {
      engine.client().sendZeroCopy(...releases.block(size))
      sends.push(reactor.stats().zeroCopySends)
      await releases.untilAll()
    }
    t.deepEqual(sends, [0, 1, 2])
    await peer.untilReceived(Buffer.concat(sizes.map(pattern)))
    // The other end is on this machine.
    t.like(reactor.stats(), { zeroCopyCopied: 2, zeroCopyFallbacks: 0, zeroCopyOutstanding: 0 })
  },
)

test.serial('at most 128 sends of a connection are unfinished, and more are plain', async (t) => {
  const { reactor, engine, peer, releases } = await enter(t)
  const isRoomy = Number(readFileSync('/proc/sys/net/core/optmem_max', 'utf8')) >= 128 * 1024
  const send = () => engine.client().sendZeroCopy(...releases.block(ZERO_COPY_LEAST_BYTES))
  // No notification is read before the turn ends.
  for (let times = 0; times < OUTSTANDING; times++) send()
  const { zeroCopyOutstanding, zeroCopyFallbacks } = reactor.stats()
  t.true(zeroCopyOutstanding <= OUTSTANDING)
  if (isRoomy) t.deepEqual([zeroCopyOutstanding, zeroCopyFallbacks], [OUTSTANDING, 0])
  for (let times = 0; times < 8; times++) send()
  t.true(reactor.stats().zeroCopyFallbacks >= 8)
  t.true(reactor.stats().zeroCopyOutstanding <= OUTSTANDING)
  const all = Array.from({ length: OUTSTANDING + 8 }, () => pattern(ZERO_COPY_LEAST_BYTES))
  await peer.untilReceived(Buffer.concat(all))
  await releases.untilAll()
  const before = reactor.stats()
  send()
  t.is(reactor.stats().zeroCopySends, before.zeroCopySends + 1)
  await releases.untilAll()
  t.is(reactor.stats().zeroCopyOutstanding, 0)
})

test.serial('memory that is shared, or registered, is sent without a copy', async (t) => {
  const { reactor, engine, peer, releases } = await enter(t)
  const shared = new Uint8Array(new SharedArrayBuffer(100_000))
  reactor.registerMemory(shared)
  const registered = new Uint8Array(100_000)
  reactor.registerMemory(registered)
  for (const memory of [shared, registered]) {
    engine.client().sendZeroCopy(...releases.block(100_000, memory))
  }
  t.is(reactor.stats().zeroCopySends, 2)
  await peer.untilReceived(Buffer.concat([pattern(100_000), pattern(100_000)]))
  await t.notThrowsAsync(releases.untilAll())
})

test.serial(
  'what JavaScript has dropped stays until the kernel has finished with it',
  async (t) => {
    const { reactor, engine, peer } = await enter(t)
    peer.socket.pause()
    const bytes = 64 * 1024
    let released = 0
    // More than the other end takes while nobody reads, and less than the kernel takes of it.
    const memories = Array.from({ length: 40 }, () => {
      const memory = new Uint8Array(pattern(bytes))
      engine.client().sendZeroCopy(memory, () => {
        released++
      })
      return new WeakRef(memory.buffer)
    })
    // A WeakRef keeps what it is made for until the turn is over.
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    collectGarbage()
    const kept = memories.filter((memory) => memory.deref() !== undefined).length
    t.true(kept >= reactor.stats().zeroCopyOutstanding)
    t.true(reactor.stats().zeroCopyOutstanding > 0)
    peer.socket.resume()
    await peer.untilReceived(Buffer.concat(memories.map(() => pattern(bytes))))
    while (released < memories.length) await nextTurn()
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    collectGarbage()
    t.is(memories.filter((memory) => memory.deref() !== undefined).length, 0)
  },
)

test.serial('a connection that breaks off leaves no descriptor, and no memory held', async (t) => {
  const { reactor, scene, engine, peer, releases } = await enter(t)
  const descriptors = () => readdirSync('/proc/self/fd').length
  peer.socket.destroy()
  await engine.untilDisconnected(1)
  await peer.untilClosed()
  const before = descriptors()
  for (let id = 2; id < 12; id++) {
    const other = await scene.connect()
    other.socket.pause()
    for (let times = 0; times < 10; times++) {
      engine.client(id).sendZeroCopy(...releases.block(700_000))
    }
    t.true(reactor.stats().zeroCopyOutstanding > 0)
    if (id % 2 === 0) engine.client(id).reset()
    else other.reset()
    await engine.untilDisconnected(id)
    await releases.untilAll()
    t.is(reactor.stats().zeroCopyOutstanding, 0)
    other.socket.destroy()
    await other.untilClosed()
  }
  t.is(descriptors(), before)
})

test.serial(
  'a client that is paused hears of its releases, also when its peer has gone',
  async (t) => {
    const { reactor, engine, peer, releases } = await enter(t)
    const client = engine.client()
    client.pause()
    client.sendZeroCopy(...releases.block(100_000))
    await releases.untilAll()
    peer.socket.pause()
    for (let times = 0; times < 10; times++) client.sendZeroCopy(...releases.block(100_000))
    peer.reset()
    await releases.until(() => reactor.stats().zeroCopyOutstanding === 0)
    client.resume()
    t.is((await engine.untilDisconnected()).kind, 'connection-lost')
    await t.notThrowsAsync(releases.untilAll())
  },
)

test.serial('a reactor that closes releases what it holds', async (t) => {
  const { reactor, engine, peer, releases } = await enter(t)
  peer.socket.pause()
  for (let times = 0; times < 10; times++) {
    engine.client().sendZeroCopy(...releases.block(700_000))
  }
  reactor.close()
  t.is(releases.released, 0)
  t.is((await engine.untilDisconnected()).kind, 'connection-lost')
  await releases.untilAll()
  t.is(reactor.stats().zeroCopySends > 0, true)
})

async function runProgram(command: string[], env: Record<string, string> = {}) {
  const [file = '', ...args] = command
  const program = join(import.meta.dirname, 'failing-zero-copy-program.js')
  const { stdout } = await promisify(execFile)(file, [...args, process.execPath, program], {
    env: { ...process.env, ...env },
  })
  return JSON.parse(stdout)
}

compilerTest('what cannot be sent without a copy is sent with one, and counted', async (t) => {
  const library = join(temporaryFolder(t), 'zero-copy.so')
  const source = join(REPOSITORY, 'test/reactor/failing-zero-copy.c')
  execFileSync('gcc', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
  const LD_PRELOAD = [process.env.LD_PRELOAD, library].join(' ').trim()
  for (const how of ['ENOBUFS', 'EFAULT', 'page-frame']) {
    const told = await runProgram(['env'], { LD_PRELOAD, FAILING_ZERO_COPY: how })
    t.like(told, { zeroCopySends: 0, zeroCopyOutstanding: 0 }, how)
    t.true(told.zeroCopyFallbacks >= 3, how)
  }
})

const memlockTest = needsTool(test.serial, 'setpriv', 'apt-get install util-linux')

memlockTest('without room for locked memory everything is sent with a copy', async (t) => {
  // Root has no limit where it may lock memory.
  const unprivileged = process.getuid?.() === 0 ? 'setpriv --bounding-set=-ipc_lock' : 'exec'
  const told = await runProgram(['sh', '-c', `ulimit -l 0; ${unprivileged} "$0" "$1"`])
  t.like(told, { zeroCopySends: 0, zeroCopyOutstanding: 0 })
  t.true(told.zeroCopyFallbacks >= 3)
})
