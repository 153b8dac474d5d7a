import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import * as limits from '../../src/reactor/limits.ts'
import { ExampleProcess } from '../examples/example-process.ts'
import { RawPeer } from '../reactor/raw-peer.ts'
import { needsTool } from '../support/needs-tool.ts'
import { selfSigned } from '../support/self-signed.ts'
import { compilePrograms, programsOf, readPage, runProgram } from './page-programs.ts'

const openssl = needsTool(test, 'openssl', 'apt-get install openssl')

const page = readPage('engine.md')
const blocks = programsOf(page)

openssl('every program on the page compiles, and prints what the page says', async (t) => {
  t.is(blocks.length, 6)
  const folder = await compilePrograms(t, blocks)
  const { key, cert } = selfSigned()
  writeFileSync(join(folder, 'key.pem'), key)
  writeFileSync(join(folder, 'cert.pem'), cert)
  for (const [at, { prints }] of blocks.entries()) {
    // The first goes on: it has a test of its own.
    if (at === 0) continue
    await runProgram(t, folder, at, prints)
  }

  // The first server.
  t.true((blocks[0]?.code.trimEnd().split('\n').length ?? 0) <= 20)
  const server = new ExampleProcess(t, process.execPath, join(folder, 'block-0.js'))
  await new Promise((resolve) => server.child.stdout?.once('data', resolve))
  const [, port] = /port: (\d+)/.exec(server.output.stdout) ?? []
  const peer = new RawPeer({ host: '127.0.0.1', port: Number(port) })
  peer.socket.write('anybody there?\n')
  await peer.untilReceived(Buffer.from('hello\nanybody there?\n'))
  peer.socket.end()
  await peer.untilClosed()
  const { code, stdout } = await server.end()
  t.is(code, 0)
  t.is(stdout.trimEnd().split('\n').at(-1), 'client 1: peer-closed')
})

test('the limits on the page are those of the engine', (t) => {
  const rows = new Map(
    [...page.matchAll(/^\| `(.*?)\s*\| (.*?)\s*\| (.*?)\s*\|$/gm)].map(([, name, ...cells]) => [
      name?.replaceAll('`', ''),
      cells,
    ]),
  )
  const number = (value: number) => value.toLocaleString('en')
  const range = (least: number, most: number, unit = '') =>
    `${least} to ${number(most)}${unit && ` ${unit}`}`
  const timeouts = range(0, limits.HIGHEST_TIMEOUT_MS, 'ms')
  t.deepEqual(rows.get('maxClients (of init)'), [
    number(limits.DEFAULT_MAX_CLIENTS),
    range(1, limits.HIGHEST_MAX_CLIENTS),
  ])
  t.deepEqual(rows.get('maxQueuedMessages'), [
    number(limits.DEFAULT_MAX_QUEUED_MESSAGES),
    range(1, limits.HIGHEST_MAX_QUEUED_MESSAGES),
  ])
  t.is(limits.DEFAULT_CLOSE_TIMEOUT_MS, limits.DEFAULT_STOP_TIMEOUT_MS)
  const closing = [`${number(limits.DEFAULT_CLOSE_TIMEOUT_MS)} ms`, timeouts]
  t.deepEqual(rows.get('closeTimeoutMs, stopTimeoutMs'), closing)
  t.deepEqual(rows.get('busyPollUs (of Reactor)'), [
    '0',
    range(0, limits.HIGHEST_BUSY_POLL_US, 'µs'),
  ])
  t.deepEqual(rows.get('handshakeTimeoutMs (of TlsTransport)'), [
    `${number(limits.DEFAULT_TLS_HANDSHAKE_TIMEOUT_MS)} ms`,
    range(1, limits.HIGHEST_TIMEOUT_MS, 'ms'),
  ])
  t.deepEqual(rows.get('maxHandshakes (of TlsTransport)'), [
    String(limits.DEFAULT_HANDSHAKES_MAX),
    range(1, limits.HIGHEST_MAX_CLIENTS),
  ])
  const MIB = 1024 * 1024
  t.is(rows.get('maxQueuedBytes')?.[0], `${limits.DEFAULT_MAX_QUEUED_BYTES / MIB} MiB`)
  t.regex(rows.get('senderRingBytes')?.[0] ?? '', /^4 MiB/)
  t.is(limits.DEFAULT_SENDER_RING_BYTES, 4 * MIB)
})
