import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { SAMPLE_FORMATS, type SampleFormat } from '../../src/audio/sample-codec.ts'
import { parseEffectOption } from '../../src/cli/effect-option.ts'
import { type JobSurroundings, type ProcessJob, runProcessJob } from '../../src/cli/process-job.ts'
import { type FakeBehaviour, FakeServer } from '../support/fake-server.ts'
import { needsTool } from '../support/needs-tool.ts'
import { refusingPort } from '../support/refusing-port.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  chunk,
  extension,
  floatBytes,
  floatsOf,
  formatFields,
  pcm16,
  riff,
} from '../support/wav-bytes.ts'
import { readAll, SPEECH, SPEECH_INSTALL, writeAll, writeRecording } from '../support/wav-files.ts'

interface Setting {
  readonly directory: string
  /** 1.43 s of noise, 48 kHz mono 16-bit. */
  readonly input: string
  readonly server: FakeServer
  readonly notes: string[]
  readonly progress: [number, number][]
  run(
    job?: Partial<ProcessJob>,
    around?: Partial<JobSurroundings>,
  ): ReturnType<typeof runProcessJob>
}

/** For jobs from a file to a file. */
const noStreams = {
  openStandardInput: () => {
    throw new Error('standard input is not read')
  },
  openStandardOutput: () => {
    throw new Error('standard output is not written')
  },
}

/** A server of the given behaviour, and jobs from the input to `out.wav` through it. */
async function prepare(t: ExecutionContext, behaviour?: FakeBehaviour): Promise<Setting> {
  const server = await FakeServer.start(t, behaviour)
  const directory = temporaryFolder(t)
  const input = writeRecording(temporaryFolder(t))
  const notes: string[] = []
  const progress: [number, number][] = []
  return {
    ...{ directory, input, server, notes, progress },
    run: (job = {}, around = {}) =>
      runProcessJob(
        { input, output: join(directory, 'out.wav'), effects: [], server, ...job },
        {
          ...noStreams,
          startLocalServer: () => Promise.reject(new Error('no local server is needed')),
          signal: new AbortController().signal,
          onProgress: (done, total) => progress.push([done, total]),
          onNote: (sentence) => notes.push(sentence),
          ...around,
        },
      ),
  }
}

/** Halves every sample. */
const halving = (data: Uint8Array) => floatBytes(floatsOf(data).map((sample) => sample / 2))

for (const input of SPEECH) {
  needsTool(
    test,
    input,
    SPEECH_INSTALL,
  )(`without an effect the output is the input, to the last bit: ${input}`, async (t) => {
    const { directory, run, progress } = await prepare(t)
    const report = await run({ input })
    t.true(readFileSync(join(directory, 'out.wav')).equals(readFileSync(input)))
    const { frames } = await readAll(input)
    t.like(report, {
      ...{ frames, sampleRateHz: 48_000, channels: 1, clipped: 0, notANumber: 0 },
    })
    t.true(report.elapsedS > 0)
    t.true((report.roundTrips?.p99Ms ?? 0) >= (report.roundTrips?.p50Ms ?? 1))
    t.deepEqual(progress[0], [1024, frames])
    t.deepEqual(progress.at(-1), [frames, frames])
    t.deepEqual(readdirSync(directory), ['out.wav'])
  })
}

test('every format, number of channels and block size comes through as it was', async (t) => {
  const { directory, run } = await prepare(t)
  const input = join(directory, 'in.wav')
  const cases = fc.record({
    sampleFormat: fc.constantFrom(...SAMPLE_FORMATS),
    channels: fc.integer({ min: 1, max: 8 }),
    channelMask: fc.constantFrom(undefined, 0, 0xff),
    sampleRateHz: fc.constantFrom(8000, 44_100, 192_000),
    values: fc.array(fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }), { maxLength: 400 }),
    blockFrames: fc.integer({ min: 1, max: 100 }),
    window: fc.integer({ min: 1, max: 20 }),
  })
  await fc.assert(
    fc.asyncProperty(cases, async ({ values, blockFrames, window, ...format }) => {
      const frames = Math.floor(values.length / format.channels)
      const samples = values.slice(0, frames * format.channels).map((value) => value / 2 ** 15)
      await writeAll(input, format, floatBytes(samples))
      await run({ input, blockFrames, window })
      t.true(readFileSync(join(directory, 'out.wav')).equals(readFileSync(input)))
    }),
    { numRuns: 40 },
  )
})

test('what comes back is what is written, in the format that was asked for', async (t) => {
  const { directory, input, run } = await prepare(t, { transform: halving })
  const { samples } = await readAll(input)
  for (const format of SAMPLE_FORMATS) {
    await run({ format })
    const out = await readAll(join(directory, 'out.wav'))
    t.is(out.format.sampleFormat, format)
    const expected = floatsOf(halving(samples))
    const step = format === 's16' ? 2 ** -16 : 0
    t.true(
      floatsOf(out.samples).every((sample, i) => Math.abs(sample - (expected[i] ?? 9)) <= step),
    )
  }
})

test('effects are sent in order, lists and files as their values', async (t) => {
  const { directory, server, run, notes } = await prepare(t)
  const taps = join(directory, 'taps.wav')
  writeFileSync(taps, pcm16([16_384, -8192]))
  const effects = ['lowpass:hz=1000,q=0.7', 'fir:taps=0.25,0.5', `fir:taps=${taps}`]
  await run({ effects: effects.map(parseEffectOption) })
  const sent = (await server.peers[0]?.got('openStream'))?.openStream?.effects
  t.deepEqual(
    sent?.map(({ name, parameters }) => [
      name,
      parameters?.map(({ name, values }) => [name, values]),
    ]),
    [
      [
        'lowpass',
        [
          ['hz', [1000]],
          ['q', [0.7]],
        ],
      ],
      ['fir', [['taps', [0.25, 0.5]]]],
      ['fir', [['taps', [0.5, -0.25]]]],
    ],
  )
  t.deepEqual(notes, [])
})

test('taps of another rate are used, and the user is told', async (t) => {
  const { directory, input, run, notes } = await prepare(t)
  const taps = join(directory, 'taps.wav')
  writeFileSync(taps, pcm16([1], { sampleRateHz: 44_100 }))
  await run({ effects: [parseEffectOption(`fir:taps=${taps}`)] })
  t.deepEqual(notes, [
    `${taps} is of 44100 Hz and ${input} is of 48000 Hz; its samples are used as they are`,
  ])
})

test('a file that is no list of values is refused before anything is begun', async (t) => {
  const { directory, server, run } = await prepare(t)
  const taps = join(directory, 'taps.wav')
  const effects = [parseEffectOption(`fir:taps=${taps}`)]
  await t.throwsAsync(() => run({ effects }), { code: 'ERR_CARILLON_WAV_READ' })
  for (const [bytes, says] of [
    [pcm16([1, 2], { channels: 2 }), /has 2 channels; it must have 1$/],
    [pcm16([]), /has no samples$/],
    [pcm16(new Array(2 ** 18 + 1).fill(1)), /has 262145 samples, more than the 262144/],
  ] as const) {
    writeFileSync(taps, bytes)
    await t.throwsAsync(() => run({ effects }), {
      ...{ code: 'ERR_CARILLON_EFFECT_TAPS', message: says },
    })
  }
  t.is(server.peers.length, 0)
  t.deepEqual(readdirSync(directory), ['taps.wav'])
})

test('floats of 64 bits become floats of 32, and the user is told', async (t) => {
  const { directory, run, notes } = await prepare(t)
  const input = join(directory, 'in.wav')
  const data = Buffer.alloc(16)
  data.writeDoubleLE(0.1, 0)
  data.writeDoubleLE(-0.5, 8)
  const fmt = formatFields({ tag: 3, bits: 64 })
  writeFileSync(input, riff(chunk('fmt ', fmt), chunk('data', data)))
  await run({ input })
  const out = await readAll(join(directory, 'out.wav'))
  t.is(out.format.sampleFormat, 'f32')
  t.deepEqual(floatsOf(out.samples), [Math.fround(0.1), -0.5])
  t.regex(notes.join(), /holds floats of 64 bits; .*out.wav gets floats of 32 bits/)
  await run({ input, format: 's24' })
  t.is(notes.length, 1)
})

test('the loudspeakers of an extensible header are kept', async (t) => {
  const { directory, run } = await prepare(t)
  const input = join(directory, 'in.wav')
  const fmt = formatFields({ tag: 0xfffe, channels: 6, extra: extension(1, 16, 0x3f) })
  writeFileSync(input, riff(chunk('fmt ', fmt), chunk('data', Buffer.alloc(24, 1))))
  await run({ input, format: 's24' })
  const { format } = await readAll(join(directory, 'out.wav'))
  t.like(format, { channels: 6, channelMask: 0x3f, sampleFormat: 's24' })
})

test('a file without samples becomes one without samples, its effects checked all the same', async (t) => {
  const { directory, server, run } = await prepare(t)
  const input = join(directory, 'in.wav')
  writeFileSync(input, pcm16([]))
  const report = await run({ input })
  t.like(report, { frames: 0, roundTrips: undefined })
  t.true(readFileSync(join(directory, 'out.wav')).equals(readFileSync(input)))
  t.truthy(await server.peers[0]?.got('openStream'))
})

test('the output may be the input', async (t) => {
  const { directory, input, run } = await prepare(t, { transform: halving })
  const path = join(directory, 'sound.wav')
  copyFileSync(input, path)
  await run({ input: path, output: path, format: 'f32' })
  t.deepEqual(
    floatsOf((await readAll(path)).samples),
    floatsOf(halving((await readAll(input)).samples)),
  )
  t.deepEqual(readdirSync(directory), ['sound.wav'])
})

test('samples that the output cannot hold are counted', async (t) => {
  const { directory, run } = await prepare(t, {
    transform: (data) =>
      floatBytes(floatsOf(data).map((_, i) => [2, -2, Number.NaN, 0.5][i % 4] ?? 0)),
  })
  const input = join(directory, 'in.wav')
  writeFileSync(input, pcm16(new Array(400).fill(0)))
  t.like(await run({ input, blockFrames: 40 }), { clipped: 200, notANumber: 100 })
})

/** The job fails, and afterwards everything is as it was. */
async function fails(
  t: ExecutionContext,
  { directory, run }: Setting,
  job: Partial<ProcessJob>,
  says: { code: string; message?: RegExp | string },
) {
  const output = join(directory, 'out.wav')
  rmSync(output, { force: true })
  await t.throwsAsync(() => run(job), says)
  t.false(existsSync(output))
  writeFileSync(output, 'what was there')
  await t.throwsAsync(() => run(job), says)
  t.is(readFileSync(output, 'utf8'), 'what was there')
  t.deepEqual(
    readdirSync(directory).filter((name) => name.endsWith('.tmp')),
    [],
  )
}

test('an input that cannot be used fails before a server is asked', async (t) => {
  const setting = await prepare(t)
  const input = join(setting.directory, 'in.wav')
  await fails(t, setting, { input }, { code: 'ERR_CARILLON_WAV_READ' })
  writeFileSync(input, 'no sound at all')
  await fails(t, setting, { input }, { code: 'ERR_CARILLON_WAV_NOT_WAV' })
  writeFileSync(input, readFileSync(setting.input).subarray(0, -1))
  await fails(t, setting, { input }, { code: 'ERR_CARILLON_WAV_TRUNCATED' })
  t.is(setting.server.peers.length, 0)
})

test('an output that cannot be written fails before a server is asked', async (t) => {
  const { directory, server, run } = await prepare(t)
  const output = join(directory, 'no', 'out.wav')
  await t.throwsAsync(() => run({ output }), { code: 'ERR_CARILLON_WAV_WRITE' })
  t.is(server.peers.length, 0)
})

test('what the server has against the stream is the error', async (t) => {
  const error = { code: 'ERR_CARILLON_UNKNOWN_EFFECT', message: 'There is no effect "wobble".' }
  const setting = await prepare(t, {
    onMessage: ({ request, openStream }, peer) => {
      if (openStream) peer.send({ request: request ?? 0, error })
      return Boolean(openStream)
    },
  })
  const effects = [parseEffectOption('wobble:hz=3')]
  await fails(t, setting, { effects }, error)
})

test('an error in the middle of the stream fails the job', async (t) => {
  const error = { code: 'ERR_CARILLON_CORE_LOST', message: 'Core 0 is gone.', stream: 1 }
  const setting = await prepare(t, {
    onMessage: ({ samples }, peer) => {
      if (samples?.sequence !== 20) return false
      peer.send({ error })
      return true
    },
  })
  await fails(t, setting, {}, { code: error.code, message: error.message })
})

test('a server that vanishes in the middle fails the job', async (t) => {
  const setting = await prepare(t, {
    onMessage: ({ samples }, peer) => {
      if (samples?.sequence === 20) peer.socket.destroy()
      return false
    },
  })
  await fails(t, setting, {}, { code: 'ERR_CARILLON_DISCONNECTED' })
})

test('a block that is lost fails the job: the output would not be aligned', async (t) => {
  const setting = await prepare(t, {
    onMessage: ({ samples }) => samples?.sequence === 5 || samples?.sequence === 9,
  })
  const message = /^2 of 67 blocks never came back, so .*out\.wav was not written$/
  await fails(t, setting, {}, { code: 'ERR_CARILLON_BLOCKS_LOST', message })
})

test('a server that is not there fails the job', async (t) => {
  const setting = await prepare(t)
  const port = await refusingPort(t)
  const message = `cannot connect to 127.0.0.1:${port}: connection refused`
  const server = { host: '127.0.0.1', port }
  await fails(t, setting, { server }, { code: 'ERR_CARILLON_CONNECT', message })
})

test('whatever fails while blocks come back fails the job', async (t) => {
  const { directory, run } = await prepare(t)
  const oops = new Error('oops')
  const onProgress = (done: number) => {
    if (done > 20_000) throw oops
  }
  await t.throwsAsync(() => run({}, { onProgress }), { is: oops })
  t.deepEqual(readdirSync(directory), [])
})

test('blocks are as long as the server takes, or as was asked for', async (t) => {
  const { directory, server, run } = await prepare(t)
  const input = join(directory, 'in.wav')
  const format = {
    sampleFormat: 's16' as SampleFormat,
    sampleRateHz: 48_000,
    channelMask: undefined,
  }
  await writeAll(input, { ...format, channels: 8 }, new Uint8Array(8 * 4 * 3000))
  const firstBlock = async (peer: number) =>
    ((await server.peers[peer]?.got('samples'))?.samples?.data?.length ?? 0) / (8 * 4)
  await run({ input })
  t.is(await firstBlock(0), 1024)
  await run({ input, blockFrames: 7, window: 1 })
  t.is(await firstBlock(1), 7)
  await t.throwsAsync(() => run({ input, blockFrames: 1025 }), {
    code: 'ERR_CARILLON_ARGUMENT',
    message: /--block-frames is 1025, but of .*in\.wav the server takes at most 1024 frames/,
  })
})

test('without a server the job starts one of its own, and stops it', async (t) => {
  const server = await FakeServer.start(t)
  const calls: string[] = []
  const localServer = (stop: () => Promise<void>, port: number) => async () => {
    calls.push('start')
    return { host: server.host, port, stop }
  }
  const stopped = async () => void calls.push('stop')
  const goneBefore = async () => {
    calls.push('stop')
    throw new Error('the core was gone')
  }
  const folder = temporaryFolder(t)
  const job = { input: writeRecording(folder), output: join(folder, 'out.wav'), effects: [] }
  const { signal } = new AbortController()
  const around = { ...noStreams, signal, onProgress: () => {}, onNote: () => {} }

  await runProcessJob(job, { ...around, startLocalServer: localServer(stopped, server.port) })
  t.deepEqual(calls.splice(0), ['start', 'stop'])
  await t.throwsAsync(
    () => runProcessJob(job, { ...around, startLocalServer: localServer(goneBefore, server.port) }),
    { message: 'the core was gone' },
  )
  t.deepEqual(calls.splice(0), ['start', 'stop'])
  // Where the job itself failed, that is what the user hears of.
  const refusing = await refusingPort(t)
  await t.throwsAsync(
    () => runProcessJob(job, { ...around, startLocalServer: localServer(goneBefore, refusing) }),
    { code: 'ERR_CARILLON_CONNECT' },
  )
  t.deepEqual(calls.splice(0), ['start', 'stop'])
})

test('a job can be given up at any point, and leaves nothing behind', async (t) => {
  const reason = new Error('never mind')
  for (const point of ['hello', 'openStream', 'samples', 'closeStream'] as const) {
    const controller = new AbortController()
    const { directory, run } = await prepare(t, {
      onMessage: ({ body }) => {
        if (body !== point) return false
        controller.abort(reason)
        return true
      },
    })
    await t.throwsAsync(() => run({}, { signal: controller.signal }), { is: reason }, point)
    t.deepEqual(readdirSync(directory), [], point)
  }
  const { directory, run } = await prepare(t)
  await t.throwsAsync(() => run({}, { signal: AbortSignal.abort(reason) }), { is: reason })
  t.deepEqual(readdirSync(directory), [])
})
