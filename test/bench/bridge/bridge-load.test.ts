import test, { type ExecutionContext } from 'ava'
import type { LoadResult } from '../../../bench/load-process.ts'
import { buildPrograms, builtProgram } from '../../../bench/programs.ts'
import type { carillon } from '../../../proto/generated/carillon.js'
import { type FakePeer, FakeServer } from '../../support/fake-server.ts'
import { refusingPort } from '../../support/refusing-port.ts'
import { runProgram } from '../program-run.ts'

test.before(() => buildPrograms())

const LOAD = builtProgram('bridge_load')

/** A short load on a bridge. */
async function load(t: ExecutionContext, port: number, ...args: string[]) {
  const times = ['--warmup-ms', '10', '--duration-ms', '50', '--stall-ms', '60000']
  return await runProgram(t, LOAD, '--port', String(port), ...times, ...args)
}

/** For who is never answered; whoever is has time, however busy the machine is. */
const STALL_SOON = ['--stall-ms', '1000']

type Block = carillon.v1.Samples.$Properties

/** A bridge without a core, that does something of its own with the blocks of a connection. */
async function startBridge(
  t: ExecutionContext,
  onBlock: (block: Block, number: number, peer: FakePeer) => void,
): Promise<number> {
  const blocks = new Map<FakePeer, number>()
  const { port } = await FakeServer.start(t, {
    onMessage({ samples }, peer) {
      if (!samples) return false
      const number = blocks.get(peer) ?? 0
      blocks.set(peer, number + 1)
      onBlock(samples, number, peer)
      return true
    },
  })
  return port
}

test('a load on a bridge that answers rightly has figures and no error', async (t) => {
  const { port } = await FakeServer.start(t)
  const traffic = ['--connections', '20', '--active', '7', '--depth', '5', '--samples', '300']
  const { code, stdout, stderr } = await load(t, port, ...traffic)
  t.deepEqual([code, stderr], [0, ''])
  const result = JSON.parse(stdout) as LoadResult & { messages: number; errors: number }
  t.is(result.errors, 0)
  t.true(result.messages > 0 && result.elapsedS >= 0.05)
  t.true(Math.abs(result.bytesPerS - result.messagesPerS * 1200) < 1200)
  t.true(0 < result.p50Us && result.p50Us <= result.p99Us && result.p99Us <= result.p999Us)
})

test('at a rate no more blocks go out than are due, and what could not go is counted', async (t) => {
  const { port } = await FakeServer.start(t)
  const slow = await load(t, port, '--rate', '200', '--connections', '3', '--depth', '9')
  t.deepEqual([slow.code, slow.stderr], [0, ''])
  const few = JSON.parse(slow.stdout)
  t.true(few.messages / few.elapsedS <= 200 + 3 * 9 * 20)
  const fast = await load(t, port, '--rate', '1000000')
  t.deepEqual([fast.code, fast.stderr], [0, ''])
  t.true(JSON.parse(fast.stdout).missed > 0)
})

test('who does not read is sent all that it asked for, once it does', async (t) => {
  let slowest = 0
  const port = await startBridge(t, (samples, number, peer) => {
    slowest = Math.max(slowest, number)
    peer.send({ samples })
  })
  const { code, stderr } = await load(t, port, '--connections', '3', '--slow', '1')
  t.deepEqual([code, stderr], [0, ''])
  t.true(slowest > 50_000)
})

test('how what comes back is cut does not matter', async (t) => {
  const { port } = await FakeServer.start(t, {
    onConnect: ({ socket }) => {
      const write = socket.write.bind(socket)
      socket.write = ((bytes: Buffer) => {
        for (let at = 0; at < bytes.length; at += 7) write(bytes.subarray(at, at + 7))
        return true
      }) as typeof socket.write
    },
  })
  const { code, stderr } = await load(t, port, '--connections', '3', '--depth', '4')
  t.deepEqual([code, stderr], [0, ''])
})

/** Answers, and does something else with block 20. */
function failingLater(fail: (block: Block, peer: FakePeer) => void) {
  return (block: Block, number: number, peer: FakePeer) => {
    if (number === 20) fail(block, peer)
    else peer.send({ samples: block })
  }
}

function changed(block: Block, at: number): Block {
  const data = Uint8Array.from(block.data ?? [])
  data[at] = (data[at] ?? 0) ^ 1
  return { ...block, data }
}

const failures: Record<
  string,
  [(block: Block, number: number, peer: FakePeer) => void, RegExp, string[]?]
> = {
  'loses a block': [failingLater(() => {}), /block 20 came back as another one/, ['--depth', '4']],
  'loses the last block': [
    failingLater(() => {}),
    /stalled: (nothing|not everything) came back/,
    STALL_SOON,
  ],
  'answers twice': [
    (samples, _number, peer) => {
      peer.send({ samples })
      peer.send({ samples })
    },
    /(more blocks came back than were sent|came back as another one)/,
  ],
  'changes the order': [
    failingLater((block, peer) => {
      peer.send({ samples: { ...block, sequence: 21 } })
      peer.send({ samples: block })
    }),
    /block 20 came back as another one/,
    ['--depth', '4'],
  ],
  'answers on another stream': [
    failingLater((block, peer) => peer.send({ samples: { ...block, stream: 2 } })),
    /block 20 came back as another one/,
  ],
  'answers with other samples of the same stream': [
    (() => {
      let before: Uint8Array | null | undefined
      return (block: Block, number: number, peer: FakePeer) => {
        const data = (number === 20 ? before : block.data) ?? null
        before = block.data
        peer.send({ samples: { ...block, data: data ?? new Uint8Array() } })
      }
    })(),
    /block 20 came back with the samples of another one/,
  ],
  'leaves samples out': [
    failingLater((block, peer) =>
      peer.send({ samples: { ...block, data: (block.data ?? new Uint8Array()).subarray(4) } }),
    ),
    /a block of 252 bytes came back, not 256/,
  ],
  'changes the first block': [
    (block, number, peer) => peer.send({ samples: number === 0 ? changed(block, 255) : block }),
    /connection 1: block 0 came back changed/,
  ],
  'changes all but the first': [
    (block, number, peer) => peer.send({ samples: number > 0 ? changed(block, 255) : block }),
    /block \d+ came back changed/,
  ],
  'does not make it louder': [
    (samples, _number, peer) => peer.send({ samples }),
    /block 0 came back changed/,
    ['--work', 'gain'],
  ],
  'does not filter': [
    (samples, _number, peer) => peer.send({ samples }),
    /block 0 came back changed/,
    ['--work', 'biquads'],
  ],
  'says that something is wrong': [
    failingLater((_block, peer) =>
      peer.send({ error: { code: 'ERR_CARILLON_CORE_LOST', message: 'the core is gone' } }),
    ),
    /connection 1: the server says: the core is gone/,
  ],
  'sends what is no message': [
    failingLater((_block, peer) => void peer.socket.write(Buffer.alloc(16, 0xff))),
    /what came is no message/,
  ],
  'sends what nobody asked for': [
    failingLater((_block, peer) => peer.send({ welcome: { protocolVersion: 1 } })),
    /a message came that nobody asked for/,
  ],
  'closes at once': [(_block, _number, peer) => void peer.socket.end(), /closed connection 1/],
  'breaks off': [
    failingLater((_block, peer) => void peer.socket.resetAndDestroy()),
    /broke connection 1 off/,
  ],
  'never answers': [
    () => {},
    /stalled: nothing came back while connecting for 1000 ms/,
    STALL_SOON,
  ],
}

for (const [what, [onBlock, message, args = []]] of Object.entries(failures)) {
  test(`a bridge that ${what} is an error`, async (t) => {
    const port = await startBridge(t, onBlock)
    // It ends with the failure, long before that.
    const { code, stdout, stderr } = await load(t, port, '--duration-ms', '60000', ...args)
    t.is(code, 1)
    t.regex(stderr, message)
    t.deepEqual(JSON.parse(stdout), { event: 'result', errors: 1 })
  })
}

test('where nobody listens is an error', async (t) => {
  const { code, stderr } = await load(t, await refusingPort(t))
  t.is(code, 1)
  t.regex(stderr, /connection 1 of 1: Connection refused/)
})

test('what it cannot do is said before anything is done', async (t) => {
  for (const [args, message] of [
    [[], /--port N says/],
    [['--port', '5', '--connections', '28001'], /from 1 to 28000/],
    [['--port', '5', '--active', '2'], /--active is at most --connections/],
    [['--port', '5', '--slow', '1'], /--slow is less than --active/],
    [['--port', '5', '--samples', '0'], /from 1 to 16380/],
    [['--port', '5', '--samples', '16381'], /from 1 to 16380/],
    [['--port', '5', '--depth', '1025'], /from 1 to 1024/],
    [['--port', '5', '--rate', '10000001'], /from 0 to 10000000/],
    [['--port', '5', '--work', 'reverb'], /--work is none, gain or biquads/],
    [['--port', '5', '--connections', '28000', '--depth', '1024'], /at most 1024 MiB/],
    [['--port', '5', '--core-pid', '0'], /--core-pid takes/],
    [['--port', '5', 'more'], /"more" is not an option/],
    [['--port', '5', '--more'], /unrecognized option '--more'/],
  ] as const) {
    const { code, stderr } = await runProgram(t, LOAD, ...args)
    t.is(code, 2, args.join(' '))
    t.regex(stderr, message)
  }
})
