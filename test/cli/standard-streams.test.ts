import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { MAIN, startCarillon } from '../support/carillon-command.ts'
import { type FakeBehaviour, FakeServer } from '../support/fake-server.ts'
import { needsTool } from '../support/needs-tool.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeRecording } from '../support/wav-files.ts'

const run = promisify(execFile)

const SUMMARY = / of 48 kHz mono in .*, 0 blocks lost\n$/

interface Run {
  /** What goes into standard input, which is closed then; left open where there is none. */
  readonly stdin?: Uint8Array
  readonly args?: readonly string[]
  readonly behaviour?: FakeBehaviour
}

/** Runs `process` through a server of the test's, with what it wrote to standard output as bytes. */
async function start(
  t: ExecutionContext,
  input: string,
  output: string,
  { stdin, args = [], behaviour }: Run = {},
) {
  const server = await FakeServer.start(t, behaviour)
  const { child, ended } = startCarillon(
    t,
    ...['process', input, output, '--server', `127.0.0.1:${server.port}`, ...args],
  )
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  // A command that refuses its input closes it.
  child.stdin?.on('error', () => {})
  if (stdin !== undefined) child.stdin?.end(stdin)
  const result = ended.then(({ code, stderr }) => ({ code, stderr, bytes: Buffer.concat(chunks) }))
  return { child, server, result }
}

/** The recording as a program writes it that cannot finish its header. */
function withoutSizes(wav: Uint8Array, size: number): Buffer {
  const bytes = Buffer.from(wav)
  bytes.writeUInt32LE(size, 4)
  bytes.writeUInt32LE(size, 40)
  return bytes
}

/** Resolves once the command wants to hear of SIGHUP, which Node by itself does not listen for. */
async function listensForSignals(pid: number): Promise<void> {
  const caught = () => /^SigCgt:.*([0-9a-f])$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  while ((Number.parseInt(caught()?.[1] ?? '0', 16) & 1) === 0) await setImmediate()
}

const recorded = (t: ExecutionContext) => readFileSync(writeRecording(temporaryFolder(t)))

test('file to standard output: the file itself, and the summary elsewhere', async (t) => {
  const input = writeRecording(temporaryFolder(t))
  const { result } = await start(t, input, '-')
  const { code, stderr, bytes } = await result
  t.is(code, 0, stderr)
  t.true(bytes.equals(readFileSync(input)))
  t.regex(stderr, SUMMARY)
  t.true(stderr.includes('standard output'), stderr)
})

test('standard input and output may be files', async (t) => {
  const folder = temporaryFolder(t)
  const input = writeRecording(folder)
  const output = join(folder, 'out.wav')
  const { port } = await FakeServer.start(t)
  const command = `exec "$0" "${MAIN}" process - - --server 127.0.0.1:${port} <"${input}" >"${output}"`
  const { stderr } = await run('sh', ['-c', command, process.execPath])
  t.regex(stderr, SUMMARY)
  t.true(readFileSync(output).equals(readFileSync(input)))
})

for (const [what, size] of [
  ['that says its length', undefined],
  ['as ffmpeg leaves it', 0xffff_ffff],
  ['as sox leaves it', 0x7fff_f000],
  ['of a recorder that wrote no size', 0],
] as const) {
  test(`standard input to file: a recording ${what}`, async (t) => {
    const folder = temporaryFolder(t)
    const whole = recorded(t)
    const stdin = size === undefined ? whole : withoutSizes(whole, size)
    const { result } = await start(t, '-', join(folder, 'out.wav'), { stdin })
    const { code, stderr, bytes } = await result
    t.is(code, 0, stderr)
    t.regex(bytes.toString(), SUMMARY)
    t.true(readFileSync(join(folder, 'out.wav')).equals(whole))
  })
}

test('pipe to pipe: a known length is said at once, an unknown one as 0xffffffff', async (t) => {
  const whole = recorded(t)
  const known = await (await start(t, '-', '-', { stdin: whole })).result
  t.is(known.code, 0, known.stderr)
  t.true(known.bytes.equals(whole))
  const unknown = await (await start(t, '-', '-', { stdin: withoutSizes(whole, 0x7fff_f000) }))
    .result
  t.is(unknown.code, 0, unknown.stderr)
  t.true(unknown.bytes.equals(withoutSizes(whole, 0xffff_ffff)))
})

test('pipe to pipe: what has come leaves before more comes', async (t) => {
  const whole = recorded(t)
  const { child, result } = await start(t, '-', '-', { args: ['--block-frames', '100'] })
  child.stdin?.write(whole.subarray(0, 44 + 200))
  let got = 0
  for (; got < 44 + 200; ) {
    const [chunk] = await once(child.stdout ?? child, 'data')
    got += chunk.length
  }
  t.is(got, 44 + 200)
  child.stdin?.end(whole.subarray(44 + 200))
  const { code, bytes } = await result
  t.is(code, 0)
  t.true(bytes.equals(whole))
})

test('standard input that is cut off is an error, and no file is written', async (t) => {
  const whole = recorded(t)
  const stdin = whole.subarray(0, -2000)
  const folder = temporaryFolder(t)
  const toFile = await (await start(t, '-', join(folder, 'out.wav'), { stdin })).result
  t.deepEqual([toFile.code, toFile.bytes.length, readdirSync(folder).length], [1, 0, 0])
  const says = `its header says ${whole.length - 44} bytes of samples and ${whole.length - 2044} are there`
  t.is(toFile.stderr, `carillon: standard input is cut off: ${says} [ERR_CARILLON_WAV_TRUNCATED]\n`)
  const toPipe = await (await start(t, '-', '-', { stdin })).result
  t.is(toPipe.code, 1)
  t.regex(toPipe.stderr, /^carillon: .*\[ERR_CARILLON_WAV_TRUNCATED\]\n$/)
})

test('standard input that is no recording is an error before a server is asked', async (t) => {
  for (const [stdin, code] of [
    [Buffer.alloc(0), 'NOT_WAV'],
    [Buffer.from('a text of some length'), 'NOT_WAV'],
    [recorded(t).subarray(0, 30), 'TRUNCATED'],
  ] as const) {
    const { server, result } = await start(t, '-', '-', { stdin })
    const { code: exitCode, stderr, bytes } = await result
    t.deepEqual([exitCode, bytes.length], [1, 0])
    t.regex(stderr, new RegExp(`^carillon: standard input .*\\[ERR_CARILLON_WAV_${code}\\]\\n$`))
    t.is(server.peers.length, 0)
  }
})

test('a refusal of the server leaves standard output empty', async (t) => {
  const error = { code: 'ERR_CARILLON_UNKNOWN_EFFECT', message: 'There is no effect "wobble".' }
  const { result } = await start(t, writeRecording(temporaryFolder(t)), '-', {
    args: ['--effect', 'wobble'],
    behaviour: {
      onMessage: ({ request, openStream }, peer) => {
        if (openStream) peer.send({ request: request ?? 0, error })
        return Boolean(openStream)
      },
    },
  })
  const { code, bytes } = await result
  t.deepEqual([code, bytes.length], [1, 0])
})

test('interrupted while standard input says nothing more, it ends with 130', async (t) => {
  const whole = recorded(t)
  for (const sent of [0, 20, 44 + 3000]) {
    const { child, result } = await start(t, '-', '-', { args: ['--block-frames', '100'] })
    if (sent > 0) child.stdin?.write(whole.subarray(0, sent))
    if (sent > 44) await once(child.stdout ?? child, 'data')
    else await listensForSignals(child.pid ?? 0)
    child.kill('SIGINT')
    const { code, stderr } = await result
    t.is(code, 130, `${sent} bytes: ${stderr}`)
    t.is(stderr, 'carillon: interrupted by SIGINT [ERR_CARILLON_INTERRUPTED]\n')
  }
})

test('interrupted while nobody reads standard output, it ends with 130', async (t) => {
  // A pipe holds 64 KiB. With a window of one block, block 4 is sent when block 3 is being written,
  // and of four blocks of 16 KiB the last does not fit.
  const server = await FakeServer.start(t, {
    onMessage: ({ samples }) => {
      if (samples?.sequence === 4) child.kill('SIGINT')
      return false
    },
  })
  const folder = temporaryFolder(t)
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const fd = openSync(pipe, 'r+')
  t.teardown(() => closeSync(fd))
  const address = `127.0.0.1:${server.port}`
  const child = spawn(
    process.execPath,
    [
      ...[MAIN, 'process', writeRecording(folder), '-', '--server', address],
      ...['--block-frames', '8192', '--window', '1'],
    ],
    { stdio: ['ignore', fd, 'ignore'] },
  )
  t.teardown(() => child.kill('SIGKILL'))
  t.deepEqual(await once(child, 'exit'), [130, null])
})

test('a reader that leaves fails the job: not all of it was written', async (t) => {
  const { child, result } = await start(t, writeRecording(temporaryFolder(t)), '-')
  child.stdout?.once('data', () => child.stdout?.destroy())
  const { code, stderr } = await result
  t.is(code, 1)
  t.is(stderr, 'carillon: cannot write standard output: broken pipe [ERR_CARILLON_WAV_WRITE]\n')
})

test('a server that vanishes ends a job that waits for standard input', async (t) => {
  const { child, server, result } = await start(t, '-', '-', { args: ['--block-frames', '100'] })
  child.stdin?.write(recorded(t).subarray(0, 3000))
  await once(child.stdout ?? child, 'data')
  server.peers[0]?.socket.destroy()
  const { code, stderr } = await result
  t.is(code, 1)
  t.regex(stderr, /\[ERR_CARILLON_DISCONNECTED\]/)
})

/** Runs the command in a shell, with its streams as `redirections` say. */
async function redirected(redirections: string, ...args: string[]) {
  const command = ['-c', `exec "$0" "$@" ${redirections}`, process.execPath, MAIN, ...args]
  const child = spawn('sh', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdout.resume()
  const [code] = await once(child, 'close')
  return { code, stderr }
}

test('a job is done where its summary cannot be printed', async (t) => {
  const folder = temporaryFolder(t)
  const input = writeRecording(folder)
  const { port } = await FakeServer.start(t)
  for (const [redirections, says] of [
    [
      '>/dev/full',
      'carillon: note: standard output could not be written: no space left on device\n',
    ],
    ['>/dev/full 2>/dev/full', ''],
    ['>&-', ''],
  ] as const) {
    const output = join(folder, `${redirections.length}.wav`)
    const job = ['process', input, output, '--server', `127.0.0.1:${port}`]
    t.deepEqual(await redirected(redirections, ...job), { code: 0, stderr: says })
    t.true(readFileSync(output).equals(readFileSync(input)))
  }
})

test('what was asked for and cannot be printed is an error', async (t) => {
  const { code, stderr } = await redirected('>/dev/full', '--help')
  const says = 'cannot write standard output: no space left on device [ERR_CARILLON_OUTPUT]'
  t.deepEqual([code, stderr], [1, `carillon: ${says}\n`])
})

test('standard output that is closed is not written to; one that goes nowhere on purpose is', async (t) => {
  const input = writeRecording(temporaryFolder(t))
  const { port } = await FakeServer.start(t)
  const job = ['process', input, '-', '--server', `127.0.0.1:${port}`]
  const closed = await redirected('>&-', ...job)
  const says = 'a WAV file is not written to standard output, which is closed'
  t.deepEqual(closed, { code: 2, stderr: `carillon: ${says} [ERR_CARILLON_USAGE]\n` })
  const nowhere = await redirected('>/dev/null', ...job)
  t.is(nowhere.code, 0, nowhere.stderr)
  t.regex(nowhere.stderr, SUMMARY)
  t.is((await redirected('2>/dev/full', ...job)).code, 0)
})

const python = needsTool(test, 'python3', 'apt-get install python3')

python('a terminal is neither read from nor written to', (t) => {
  const folder = temporaryFolder(t)
  const input = writeRecording(folder)
  for (const [paths, says] of [
    [['-', join(folder, 'out.wav')], 'not read from standard input, which is a terminal'],
    [[input, '-'], 'not written to standard output, which is a terminal'],
  ] as const) {
    const command = [process.execPath, MAIN, 'process', ...paths]
    const program = `import pty, sys; sys.exit(pty.spawn(${JSON.stringify(command)}) >> 8)`
    const error = t.throws<Error & { status?: number; stdout?: Buffer }>(() =>
      execFileSync('python3', ['-c', program], { stdio: ['ignore', 'pipe', 'pipe'] }),
    )
    t.is(error?.status, 2)
    t.true(error?.stdout?.toString().includes(says), error?.stdout?.toString())
  }
  t.deepEqual(readdirSync(folder), ['recording.wav'])
})

for (const [tool, args] of [
  ['ffmpeg', ['-v', 'error', '-i', 'IN', '-f', 'wav', '-']],
  ['ffmpeg', ['-v', 'error', '-i', 'IN', '-rf64', 'always', '-f', 'wav', '-']],
  ['sox', ['-V1', 'IN', '-t', 'wav', '-', 'vol', '1']],
] as const) {
  needsTool(
    test,
    tool,
    `apt-get install ${tool}`,
  )(`${tool} ${args.slice(-4).join(' ')} into a pipe is read to its last sample`, async (t) => {
    const input = writeRecording(temporaryFolder(t))
    const stdin = execFileSync(
      tool,
      args.map((arg) => (arg === 'IN' ? input : arg)),
    )
    const output = join(temporaryFolder(t), 'out.wav')
    const { code, stderr } = await (await start(t, '-', output, { stdin })).result
    t.is(code, 0, stderr)
    t.true(readFileSync(output).equals(readFileSync(input)))
  })
}
