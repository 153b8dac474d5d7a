import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { IFramingStrategy } from '../../src/framing/framing-strategy.ts'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import { VarintPrefixedStrategy } from '../../src/framing/varint-prefixed-strategy.ts'
import { RawPeer } from '../reactor/raw-peer.ts'
import { pattern } from '../reactor/recording-engine.ts'
import { REPOSITORY } from '../support/repository.ts'
import { checkRefusals, ExampleProcess } from './example-process.ts'

async function start(t: ExecutionContext, ...args: string[]) {
  const server = ExampleProcess.run(t, 'echo-server', '--port', '0', ...args)
  const ready = await server.ready()
  const connect = () => new RawPeer({ host: '127.0.0.1', port: ready.port })
  return { server, ready, connect }
}

function framed(strategy: Required<Pick<IFramingStrategy, 'encode'>>, messages: Buffer[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => strategy.encode(message)))
}

const MESSAGES = [Buffer.alloc(0), Buffer.from('bell'), pattern(300), pattern(200_000)]

for (const transport of ['epoll', 'net']) {
  test(`every message comes back in its frame, over ${transport}`, async (t) => {
    for (const [framing, sent] of [
      ['length-prefixed', framed(new LengthPrefixedStrategy(), MESSAGES)],
      ['varint', framed(new VarintPrefixedStrategy(), MESSAGES)],
      ['line', Buffer.from('one\n\nand another\n')],
      ['fixed:5', Buffer.from('ding dong ding ')],
    ] as const) {
      const args = ['--framing', framing, '--transport', transport]
      const { server, ready, connect } = await start(t, ...args)
      t.like(ready, { event: 'ready', transport })
      const peer = connect()
      for (const part of [sent.subarray(0, 7), sent.subarray(7)]) peer.socket.write(part)
      await peer.untilReceived(sent)
      peer.socket.end()
      await peer.untilClosed()
      t.deepEqual(await server.end(), {
        code: 0,
        signal: null,
        stdout: `${JSON.stringify(ready)}\n`,
        stderr: '',
      })
    }
  })
}

test('what is no message closes its client and nobody else', async (t) => {
  const { server, connect } = await start(t)
  const [good, bad] = [connect(), connect()]
  bad.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))
  await bad.untilEnded()
  bad.socket.end()
  const sent = framed(new LengthPrefixedStrategy(), MESSAGES)
  good.socket.write(sent)
  await good.untilReceived(sent)
  good.socket.end()
  t.is((await server.end('SIGTERM')).code, 0)
})

test('it polls for a while where it is told to', async (t) => {
  const { server, connect } = await start(t, '--busy-poll-us', '1000')
  const peer = connect()
  const sent = framed(new LengthPrefixedStrategy(), MESSAGES)
  peer.socket.write(sent)
  await peer.untilReceived(sent)
  peer.socket.end()
  t.is((await server.end()).code, 0)
})

test('npm starts it, with one line of output, and Ctrl-C ends it', async (t) => {
  // As when its set-up has nothing to do. What there is to do is for its tests.
  const npm = ['run', '--silent', '--ignore-scripts', '--prefix', REPOSITORY, 'example:echo']
  const args = ['--port', '0', '--framing', 'line']
  const server = new ExampleProcess(t, 'npm', ...npm, '--', ...args)
  const ready = await server.ready()
  const peer = new RawPeer({ host: '127.0.0.1', port: ready.port })
  peer.socket.write('hello\n')
  await peer.untilReceived(Buffer.from('hello\n'))
  peer.socket.end()
  const { code, stdout } = await server.end()
  t.deepEqual([code, stdout], [0, `${JSON.stringify(ready)}\n`])
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))
  t.is(scripts['preexample:echo'], 'node scripts/setup.mjs --quiet')
})

test('what it cannot do it says in a line, and in its exit code', async (t) => {
  const { ready } = await start(t)
  await checkRefusals(t, 'echo-server', [
    [['--port', String(ready.port)], 1, /^cannot listen on 127\.0\.0\.1 port \d+: .*in use/],
    [['--port', '65536'], 2, /^port is an integer from 0 to 65535, not 65536$/m],
    [['--port', 'five'], 2, /^--port is a whole number, not "five"$/m],
    [['--port', ''], 2, /^--port is a whole number, not ""$/m],
    [
      ['--framing', 'json'],
      2,
      /^--framing is length-prefixed, varint, line or fixed:N, not "json"/,
    ],
    [['--framing', 'fixed:0'], 2, /^messageBytes is an integer from 1 to \d+, not 0$/m],
    [['--framing', 'fixed:'], 2, /not "fixed:"$/m],
    [['--transport', 'tls'], 2, /^--transport is epoll or net, not "tls"$/m],
    [['--busy-poll-us', '1001'], 2, /^busyPollUs is an integer from 0 to 1000, not 1001$/m],
    [['--busy-poll-us=-1'], 2, /busy-poll-us/],
    [
      ['--transport', 'net', '--busy-poll-us', '1'],
      2,
      /^--busy-poll-us goes with --transport epoll/,
    ],
    [['--loud'], 2, /'--loud'/],
    [['word'], 2, /'word'/],
  ])
})
