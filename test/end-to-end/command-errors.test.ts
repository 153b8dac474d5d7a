import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CarillonClient } from '../../src/client/index.ts'
import { carillon } from '../support/carillon-command.ts'
import { startServer } from '../support/carillon-server.ts'
import { coreProcesses } from '../support/core-processes.ts'
import { refusingPort } from '../support/refusing-port.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { pcm16 } from '../support/wav-bytes.ts'
import { SPEECH } from '../support/wav-files.ts'

const [SPOKEN = ''] = SPEECH

/** Runs `process` where it must fail: with this code, in one line, leaving nothing. */
async function fails(
  t: ExecutionContext,
  code: string,
  input: string | Buffer,
  ...options: string[]
): Promise<string> {
  const folder = temporaryFolder(t)
  const path = typeof input === 'string' ? input : join(folder, 'in.wav')
  if (typeof input !== 'string') writeFileSync(path, input)
  const before = readdirSync(folder)
  const result = await carillon(t, 'process', path, join(folder, 'out.wav'), ...options)
  t.is(result.code, 1, result.stderr)
  t.is(result.stdout, '')
  t.is(result.stderr.trim().split('\n').length, 1, result.stderr)
  t.true(result.stderr.includes(`[${code}]`), result.stderr)
  t.deepEqual(readdirSync(folder), before, 'nothing is left behind')
  return result.stderr
}

test('what is no WAV file is refused', async (t) => {
  await fails(t, 'ERR_CARILLON_WAV_NOT_WAV', Buffer.from('I am a text.\n'.repeat(10)))
  await fails(t, 'ERR_CARILLON_WAV_TRUNCATED', readFileSync(SPOKEN).subarray(0, 50_000))
})

test('an input that is not there, and an output that cannot be, are refused', async (t) => {
  const folder = temporaryFolder(t)
  const missing = await carillon(t, 'process', join(folder, 'no.wav'), join(folder, 'out.wav'))
  t.is(missing.code, 1)
  t.regex(missing.stderr, /no\.wav.*\[.+\]\n$/)
  const nowhere = await carillon(t, 'process', SPOKEN, join(folder, 'no', 'out.wav'))
  t.is(nowhere.code, 1)
  t.regex(nowhere.stderr, /out\.wav.*\[.+\]\n$/)
})

test('effects that the core does not have are refused', async (t) => {
  const server = await startServer(t)
  const refuses = (code: string, ...effects: string[]) =>
    fails(t, code, SPOKEN, '--server', server.address, ...effects.flatMap((e) => ['--effect', e]))
  const names = await refuses('ERR_CARILLON_UNKNOWN_EFFECT', 'reverb:size=1')
  t.regex(names, /lowpass/, 'it says which there are')
  await refuses('ERR_CARILLON_UNKNOWN_PARAMETER', 'lowpass:freq=100')
  for (const name of ['__proto__', 'constructor', 'toString']) {
    await refuses('ERR_CARILLON_UNKNOWN_PARAMETER', `gain:${name}=6`)
    await refuses('ERR_CARILLON_UNKNOWN_EFFECT', `${name}:db=6`)
  }
  await refuses('ERR_CARILLON_PARAMETER_RANGE', 'gain:db=1000')
  const limit = await refuses('ERR_CARILLON_PARAMETER_RANGE', 'gain:db=0', 'lowpass:hz=24000')
  t.true(
    limit.includes('lowpass:hz is 0.24 to 23999.76 Hz at a sample rate of 48000 Hz, not 24000'),
    limit,
  )
  const pitch = await refuses('ERR_CARILLON_PARAMETER_RANGE', 'pluck:hz=12000.5')
  t.true(
    pitch.includes('pluck:hz is 20 to 12000 Hz at a sample rate of 48000 Hz, not 12000.5'),
    pitch,
  )
  await refuses('ERR_CARILLON_PARAMETER_MISSING', 'lowpass:q=1')
})

test('a server that is not there is named', async (t) => {
  const server = `127.0.0.1:${await refusingPort(t)}`
  const line = await fails(t, 'ERR_CARILLON_CONNECT', SPOKEN, '--server', server)
  t.true(line.includes(server), line)
})

test('a port in use is named, and who has it goes on', async (t) => {
  const server = await startServer(t)
  const second = await carillon(t, 'serve', '--port', String(server.port), '--no-console')
  t.is(second.code, 1)
  t.regex(
    second.stderr,
    new RegExp(`${server.port}.* \\(--port 0 picks a free one\\) \\[ERR_CARILLON_LISTEN\\]`),
  )
  const folder = temporaryFolder(t)
  const output = join(folder, 'out.wav')
  t.is((await carillon(t, 'process', SPOKEN, output, '--server', server.address)).code, 0)
})

test('a server takes as many clients as it is told, and one more is told why not', async (t) => {
  const server = await startServer(t, '--no-console', '--max-clients', '1')
  const client = await CarillonClient.connect({ port: server.port })
  const line = await fails(t, 'ERR_CARILLON_CONNECT', SPOKEN, '--server', server.address)
  t.true(line.includes('the server may have as many clients as it takes'), line)
  await client.close()
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} ends the server cleanly: exit 0, no core, no shared file`, async (t) => {
    const server = await startServer(t)
    t.is(coreProcesses(server.region).length, 1)
    t.true(existsSync(server.region))
    t.is(await server.end(signal), 0)
    t.deepEqual(coreProcesses(server.region), [])
    t.false(existsSync(server.region))
  })
}

test('arguments that make no sense are a usage error', async (t) => {
  for (const args of [
    ['serve', '--port', '65536'],
    ['serve', '--port', 'http'],
    ['serve', '--cores', '0'],
    ['serve', '--cores', '5'],
    ['serve', '--core', 'magnetic'],
    ['serve', '--max-clients', '0'],
    ['serve', '--max-clients', '10001'],
    ['process', 'in.wav'],
    ['process', 'in.wav', 'out.wav', '--server', 'host:99999'],
    ['process', 'in.wav', 'out.wav', '--effect', 'gain:db=loud'],
    ['process', 'in.wav', 'out.wav', '--format', 'pcm24'],
    ['dance'],
  ]) {
    const { code, stderr } = await carillon(t, ...args)
    t.is(code, 2, `${args.join(' ')}: ${stderr}`)
    t.not(stderr, '')
  }
})

test('an output that exists is replaced only when the new one is whole', async (t) => {
  const folder = temporaryFolder(t)
  const output = join(folder, 'out.wav')
  const old = pcm16([1, 2, 3])
  writeFileSync(output, old)
  t.is((await carillon(t, 'process', SPOKEN, output, '--effect', 'nothing')).code, 1)
  t.deepEqual(readFileSync(output), old)
  t.is((await carillon(t, 'process', SPOKEN, output)).code, 0)
  t.deepEqual(readFileSync(output), readFileSync(SPOKEN))
})
