import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { carillon, startCarillon } from '../support/carillon-command.ts'
import { FakeServer } from '../support/fake-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { pcm16 } from '../support/wav-bytes.ts'
import { RECORDING_FRAMES, readAll, writeRecording } from '../support/wav-files.ts'

const recording = (t: ExecutionContext) => writeRecording(temporaryFolder(t))

test('a recording goes through a server and comes back, with one line that tells how', async (t) => {
  const { host, port } = await FakeServer.start(t)
  const directory = temporaryFolder(t)
  const output = join(directory, 'out.wav')
  const input = recording(t)
  const result = await carillon(t, 'process', input, output, '--server', `${host}:${port}`)
  t.deepEqual([result.code, result.stderr], [0, ''])
  t.regex(
    result.stdout,
    /^\S+out\.wav: 1\.43 s of 48 kHz mono in \d+\.\d\d s \(\d+\.\dx real time\), round trip p50 \d+\.\d+ ms p99 \d+\.\d+ ms, 0 blocks lost\n$/,
  )
  t.true(readFileSync(output).equals(readFileSync(input)))
  t.deepEqual(readdirSync(directory), ['out.wav'])
})

test('the options reach the job', async (t) => {
  const server = await FakeServer.start(t)
  const output = join(temporaryFolder(t), 'out.wav')
  const { code } = await carillon(
    t,
    ...['process', recording(t), output, '--server', `127.0.0.1:${server.port}`, '--format', 's24'],
    ...['--effect', 'highpass:hz=80', '--effect', 'fir:taps=0.5,0.5', '--effect', 'gain:db=-3'],
    ...['--block-frames', '100', '--window', '3', '--core-index', '2'],
  )
  t.is(code, 0)
  t.is((await readAll(output)).format.sampleFormat, 's24')
  const peer = server.peers[0]
  const { effects, core } = (await peer?.got('openStream'))?.openStream ?? {}
  t.is(core, 2)
  t.deepEqual(
    effects?.map(({ name }) => name),
    ['highpass', 'fir', 'gain'],
  )
  t.is((await peer?.got('samples'))?.samples?.data?.length, 400)
})

test('what is wrong is one line with its code, and the exit code is 1', async (t) => {
  const directory = temporaryFolder(t)
  const output = join(directory, 'out.wav')
  const missing = join(directory, 'in.wav')
  t.deepEqual(await carillon(t, 'process', missing, output), {
    ...{ code: 1, stdout: '' },
    stderr: `carillon: cannot read ${missing}: no such file or directory [ERR_CARILLON_WAV_READ]\n`,
  })
  const error = {
    code: 'ERR_CARILLON_PARAMETER_RANGE',
    message: 'gain:db is\n\u001b[31m-120 to 24',
  }
  const { port } = await FakeServer.start(t, {
    onMessage: ({ request, openStream }, peer) => {
      if (openStream) peer.send({ request: request ?? 0, error })
      return Boolean(openStream)
    },
  })
  const args = ['--effect', 'gain:db=99', '--server', `127.0.0.1:${port}`]
  t.deepEqual(await carillon(t, 'process', recording(t), output, ...args), {
    ...{ code: 1, stdout: '' },
    stderr: 'carillon: gain:db is [31m-120 to 24 [ERR_CARILLON_PARAMETER_RANGE]\n',
  })
  t.deepEqual(readdirSync(directory), [])
})

test('an output that is a pipe is refused: a WAV header is finished last', async (t) => {
  const { code, stdout, stderr } = await carillon(t, 'process', recording(t), '/dev/stdout')
  t.deepEqual([code, stdout], [1, ''])
  t.regex(
    stderr,
    /^carillon: cannot write \/dev\/stdout: it is not a regular file, .*_WAV_WRITE\]\n$/,
  )
})

for (const [args, says] of [
  [['process'], "missing required argument 'IN.wav' [ERR_CARILLON_USAGE]"],
  [['process', 'a', 'b', 'c'], 'too many arguments'],
  [
    ['process', 'a', 'b', '--core', 'warm'],
    '--core takes one of hosted, virt, raspi3, board:NAME, not "warm" [ERR_CARILLON_USAGE]',
  ],
  [
    ['process', 'a', 'b', '--core', 'virt', '--server', 'localhost'],
    '--core is of a server of its own: that of --server has its cores [ERR_CARILLON_USAGE]',
  ],
  [
    ['effects', '--firmware', 'image', '--server', 'localhost'],
    '--firmware is of a server of its own: that of --server has its cores [ERR_CARILLON_USAGE]',
  ],
  [['process', 'a', 'b', '--loud'], "unknown option '--loud' [ERR_CARILLON_USAGE]"],
  [['process', 'a', 'b', '--format', 's8'], '--format takes one of s16, s24, s32, f32, not "s8"'],
  [['process', 'a', 'b', '--server', 'a:b'], '--server takes HOST:PORT'],
  [['process', 'a', 'b', '--block-frames', '0'], '--block-frames takes a whole number from 1'],
  [['process', 'a', 'b', '--window', '1e9'], '--window takes a whole number from 1'],
  [['process', 'a', 'b', '--effect', 'gain:db=x'], '[ERR_CARILLON_EFFECT_SYNTAX]'],
  [['wobble'], "unknown command 'wobble' [ERR_CARILLON_USAGE]"],
] as const) {
  test(`a wrong call exits with 2 and says why: ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await carillon(t, ...args)
    t.deepEqual([code, stdout], [2, ''])
    t.true(stderr.startsWith('carillon: ') && stderr.includes(says), stderr)
    t.is(stderr.indexOf('\n'), stderr.length - 1)
  })
}

test('help and version are no errors; no command shows the help', async (t) => {
  const help = await carillon(t, 'process', '--help')
  t.deepEqual([help.code, help.stderr], [0, ''])
  t.regex(help.stdout, /Usage: carillon process \[options\] <IN\.wav> <OUT\.wav>/)
  const version = await carillon(t, '--version')
  t.regex(version.stdout, /^\d+\.\d+\.\d+\n$/)
  t.is(version.code, 0)
  const nothing = await carillon(t)
  t.is(nothing.code, 2)
  t.regex(nothing.stderr, /^Usage: carillon/)
})

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} in the middle: nothing is left behind, exit code ${exitCode}`, async (t) => {
    const directory = temporaryFolder(t)
    const output = join(directory, 'out.wav')
    writeFileSync(output, 'what was there')
    const server = await FakeServer.start(t, {
      onMessage: ({ samples }) => {
        if (samples?.sequence !== 9) return Boolean(samples)
        t.is(readdirSync(directory).length, 2)
        child.kill(signal)
        return true
      },
    })
    const args = ['process', recording(t), output, '--server', `127.0.0.1:${server.port}`]
    const { child, ended } = startCarillon(t, ...args)
    t.deepEqual(await ended, {
      ...{ code: exitCode, stdout: '' },
      stderr: `carillon: interrupted by ${signal} [ERR_CARILLON_INTERRUPTED]\n`,
    })
    t.deepEqual(readdirSync(directory), ['out.wav'])
    t.is(readFileSync(output, 'utf8'), 'what was there')
  })
}

test('standard output may be closed: the work is done all the same', async (t) => {
  const { port } = await FakeServer.start(t)
  const output = join(temporaryFolder(t), 'out.wav')
  const { child, ended } = startCarillon(
    t,
    ...['process', recording(t), output, '--server', `127.0.0.1:${port}`],
  )
  child.stdout?.destroy()
  const { code, stderr } = await ended
  t.deepEqual([code, stderr], [0, ''])
  t.is((await readAll(output)).frames, RECORDING_FRAMES)
})

test('a note is a line on standard error and changes nothing else', async (t) => {
  const { port } = await FakeServer.start(t)
  const directory = temporaryFolder(t)
  const taps = join(directory, 'taps.wav')
  writeFileSync(taps, pcm16([1], { sampleRateHz: 8000 }))
  const { code, stderr } = await carillon(
    t,
    ...['process', recording(t), join(directory, 'out.wav'), '--server', `127.0.0.1:${port}`],
    ...['--effect', `fir:taps=${taps}`],
  )
  t.is(code, 0)
  t.regex(stderr, /^carillon: note: .*taps\.wav is of 8000 Hz and .* is of 48000 Hz; .*\n$/)
})

test('a core that no server has is refused before there is a server, one that this one has not by it', async (t) => {
  const output = join(temporaryFolder(t), 'out.wav')
  const run = (core: string) => carillon(t, 'process', recording(t), output, '--core-index', core)
  const nowhere = await run('4')
  t.is(nowhere.code, 2)
  t.regex(nowhere.stderr, /--core-index takes a whole number from 0 to 3, not "4"/)
  const missing = await run('1')
  t.is(missing.code, 1)
  t.regex(missing.stderr, /the server's cores are 0 \[ERR_CARILLON_UNKNOWN_CORE\]/)
  t.is((await run('0')).code, 0)
})
