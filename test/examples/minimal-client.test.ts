import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { startServer } from '../support/carillon-server.ts'
import { cookbookChain } from '../support/cookbook.ts'
import { FakeServer } from '../support/fake-server.ts'
import { needsTool } from '../support/needs-tool.ts'
import { refusingPort } from '../support/refusing-port.ts'
import { REPOSITORY } from '../support/repository.ts'
import { noise } from '../support/signals.ts'

const python = needsTool(test, 'python3', 'apt-get install python3')
const EXAMPLE = join(REPOSITORY, 'examples/minimal-client.py')

/** Sends samples through the example; both directions at once, as a shell does. */
function runExample(t: ExecutionContext, port: number, samples: Float32Array) {
  return runWith(t, ['127.0.0.1', String(port)], new Uint8Array(samples.buffer))
}

async function runWith(t: ExecutionContext, args: readonly string[], input: Uint8Array) {
  const child = spawn('python3', [EXAMPLE, ...args])
  t.teardown(() => child.kill('SIGKILL'))
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const stderr = text(child.stderr)
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  const output = new Float32Array(Uint8Array.from(Buffer.concat(chunks)).buffer)
  return { code, output, stderr: await stderr }
}

python('the client in Python gets what the cookbook says from a real server', async (t) => {
  const server = await startServer(t)
  // Many times what fits on the way, and a last block that is not full.
  const samples = noise(200_001, 1).map((sample) => sample / 2)
  const { code, output, stderr } = await runExample(t, server.port, samples)
  t.is(code, 0, stderr)
  t.is(stderr, '196 blocks sent, 196 returned\n')
  t.is(output.length, samples.length)
  const lowpass = { name: 'lowpass', values: { hz: 1000, q: Math.SQRT1_2 } }
  const wanted = cookbookChain([lowpass], 48_000, samples).samples
  t.true(output.every((sample, at) => Math.abs(sample - (wanted[at] ?? Number.NaN)) < 1e-5))
  t.true(samples.some((sample, at) => Math.abs(sample - (output[at] ?? 0)) > 0.1))
  t.is(await server.end('SIGINT'), 0)
})

python('no samples at all are a stream, too', async (t) => {
  const server = await startServer(t)
  const { code, stderr } = await runExample(t, server.port, new Float32Array())
  t.deepEqual([code, stderr], [0, '0 blocks sent, 0 returned\n'])
})

python('an error of the server ends the client in Python with its sentence', async (t) => {
  const error = { code: 'ERR_CARILLON_CORE_UNAVAILABLE', message: 'no core is running now' }
  const { port } = await FakeServer.start(t, {
    onMessage: ({ request, openStream }, peer) => {
      if (openStream) peer.send({ request: request ?? 0, error })
      return Boolean(openStream)
    },
  })
  const { code, stderr } = await runExample(t, port, noise(10, 1))
  t.deepEqual([code, stderr], [1, 'no core is running now [ERR_CARILLON_CORE_UNAVAILABLE]\n'])
})

python('a wrong call, and a server that is not there, are one sentence', async (t) => {
  for (const args of [[], ['127.0.0.1'], ['127.0.0.1', 'http'], ['127.0.0.1', '0'], ['', '1']]) {
    const { code, stderr } = await runWith(t, args, new Uint8Array())
    t.deepEqual([code, stderr], [2, 'usage: minimal-client.py HOST PORT < samples > samples\n'])
  }
  const port = String(await refusingPort(t))
  const { code, stderr } = await runWith(t, ['127.0.0.1', port], new Uint8Array())
  const sentence = `cannot connect to 127.0.0.1 port ${port}: Connection refused\n`
  t.deepEqual([code, stderr], [1, sentence])
})

python('an input that is no whole samples says how many bytes are left over', async (t) => {
  const server = await startServer(t)
  const args = ['127.0.0.1', String(server.port)]
  const { code, stderr } = await runWith(t, args, new Uint8Array(4 * 3000 + 3))
  t.deepEqual([code, stderr], [1, 'the input ends with 3 bytes that are no whole sample\n'])
})
