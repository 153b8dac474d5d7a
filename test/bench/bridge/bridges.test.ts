import test, { type ExecutionContext } from 'ava'
import { CONTENDERS } from '../../../bench/bridge/contenders.ts'
import { findCore, untilEnded } from '../../../bench/bridge/core-process.ts'
import { buildPrograms, builtProgram } from '../../../bench/programs.ts'
import { ServerProcess } from '../../../bench/server-process.ts'
import { ProtocolPeer } from '../../support/protocol-peer.ts'
import { runProgram } from '../program-run.ts'

test.before(() => buildPrograms())

type Contender = (typeof CONTENDERS)[number]

async function start(t: ExecutionContext, { name, command }: Contender, ...more: string[]) {
  const never = new AbortController().signal
  const bridge = await ServerProcess.start(name, [...command, ...more], 0, never)
  const core = findCore(name, bridge.pid)
  t.teardown(async () => {
    await bridge.stop()
    // Whoever ends a bridge has ended its core.
    await untilEnded(core)
  })
  return { port: bridge.ready.port, pid: bridge.pid, core }
}

const SHORT = ['--warmup-ms', '10', '--duration-ms', '50', '--stall-ms', '60000']

async function load(t: ExecutionContext, port: number, ...args: string[]) {
  const { code, stdout, stderr } = await runProgram(
    ...([t, builtProgram('bridge_load'), '--port', String(port)] as const),
    ...[...SHORT, ...args],
  )
  t.deepEqual([code, stderr], [0, ''])
  return JSON.parse(stdout)
}

const STREAM = { openStream: { sampleRateHz: 48_000, channels: 1, effects: [] } }
const BLOCK = Uint8Array.from({ length: 64 }, (_, i) => i)

async function openStream(t: ExecutionContext, port: number) {
  const peer = await ProtocolPeer.greet(t, port)
  peer.send({ request: 3, ...STREAM })
  const { request, streamOpened } = await peer.next()
  t.is(request, 3)
  return { peer, stream: streamOpened?.stream ?? 0 }
}

// One after the other: bridges and cores that poll would take the processors from each other.
for (const contender of CONTENDERS) {
  const { name, isOurs } = contender

  test.serial(
    `${name}: every block comes back as the core makes it, to who reads slowly as well`,
    async (t) => {
      const { port, pid, core } = await start(t, contender)
      for (const work of ['none', 'gain', 'biquads']) await load(t, port, '--work', work)
      await load(t, port, '--connections', '12', '--depth', '40', '--samples', '700')
      const pids = ['--server-pid', String(pid), '--core-pid', String(core)]
      const result = await load(t, port, '--connections', '4', '--slow', '1', ...pids)
      t.true(result.serverCpuS >= 0 && result.coreCpuS >= 0)
    },
  )

  test.serial(`${name}: a core that polls does the same`, async (t) => {
    const { port } = await start(t, contender, '--core-polls')
    await load(t, port, '--connections', '3', '--depth', '3', '--work', 'gain')
  })

  if (isOurs) continue

  test.serial(`${name}: more streams one after the other than the core has slots`, async (t) => {
    const { port } = await start(t, contender)
    for (let round = 0; round < 5; round++) await load(t, port, '--connections', '40')
  })

  test.serial(`${name}: who does what it must not is let go, and nobody else`, async (t) => {
    const { port } = await start(t, contender)
    const good = await openStream(t, port)
    for (const wrong of [
      { samples: { stream: 9, sequence: 0, data: BLOCK } },
      { samples: { stream: 1, sequence: 0, data: BLOCK } },
      { hello: { protocolVersion: 1 } },
      { openStream: { ...STREAM.openStream, effects: [{ name: 'reverb' }] } },
      { openStream: { ...STREAM.openStream, sampleRateHz: 0 } },
      { closeStream: { stream: 1 } },
    ]) {
      const bad = await ProtocolPeer.greet(t, port)
      bad.send(wrong)
      await bad.closed()
    }
    for (const sequence of [1, 0xffffffff]) {
      const { peer, stream } = await openStream(t, port)
      peer.send({ samples: { stream, sequence, data: BLOCK } })
      await peer.closed()
    }
    const early = await ProtocolPeer.connect(t, port)
    early.send(STREAM)
    await early.closed()
    const odd = await ProtocolPeer.connect(t, port)
    odd.socket.write(Buffer.alloc(16, 0xff))
    await odd.closed()
    good.peer.send({ samples: { stream: good.stream, sequence: 0, data: BLOCK } })
    const { samples } = await good.peer.next()
    t.deepEqual(Uint8Array.from(samples?.data ?? []), BLOCK)
  })
}

test('the bridge in C says how it is called', async (t) => {
  for (const args of [[], ['--port', '0'], ['--port', 'x'], ['--firmware', 'x'], ['--prot', '1']]) {
    const { code, stderr } = await runProgram(t, builtProgram('epoll_bridge'), ...args)
    t.is(code, 2)
    t.regex(stderr, /--p/)
  }
})

test('a bridge without a core that starts is no bridge', async (t) => {
  for (const { name, command } of CONTENDERS) {
    if (name !== 'c-bridge' && name !== 'afternoon') continue
    const wrong = command.map((part) => (part.endsWith('carillon-core') ? '/nowhere' : part))
    const [file = '', ...args] = [...wrong, '--port', '0']
    const { code } = await runProgram(t, file, ...args)
    t.is(code, 1)
  }
})
