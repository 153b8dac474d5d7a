import type { SampleFormat, StoredFormat } from '../audio/sample-codec.ts'
import type { WavFormat } from '../audio/wav-format.ts'
import type { WavReader } from '../audio/wav-reader.ts'
import type { WavWritten } from '../audio/wav-writer.ts'
import type { CarillonClient, StreamEffect } from '../client/carillon-client.ts'
import type { ClientStream } from '../client/client-stream.ts'
import type { ServerAddress } from '../client/connection.ts'
import { DEFAULT_WINDOW } from '../client/limits.ts'
import { ArgumentError } from '../errors.ts'
import type { EffectOption } from './effect-option.ts'
import { readEffectTaps } from './effect-taps.ts'
import { JobError } from './errors.ts'
import {
  inputName,
  type JobOutput,
  openInput,
  openOutput,
  outputName,
  STANDARD_STREAM,
  type StandardStreams,
} from './job-files.ts'
import { RoundTripRecorder, type RoundTrips } from './round-trips.ts'
import { withClient } from './with-client.ts'
import { type ServerSurroundings, withServer } from './with-server.ts'

/** What `carillon process` was asked to do. */
export interface ProcessJob {
  /** A path, or `-` for standard input. */
  readonly input: string
  /** A path, or `-` for standard output. */
  readonly output: string
  /** In order. */
  readonly effects: readonly EffectOption[]
  /** Default: a server of the job's own. */
  readonly server?: ServerAddress
  /** Default: the format of the input; floats of 32 bits where it has 64. */
  readonly format?: SampleFormat
  /** Index of the core. Default: the server chooses. */
  readonly coreIndex?: number
  /** Frames in a block. Default 1024, or the most that the server takes. */
  readonly blockFrames?: number
  /** The most blocks on their way. Default 16. */
  readonly window?: number
}

/** What the job needs of the command around it. */
export interface JobSurroundings extends ServerSurroundings, StandardStreams {
  /** `total` is `Infinity` while nobody knows. */
  onProgress(frames: number, total: number): void
  /** Something that the user should know, though it stops nothing. */
  onNote(sentence: string): void
}

export interface ProcessReport extends WavWritten {
  readonly sampleRateHz: number
  readonly channels: number
  /** Of the output. */
  readonly sampleFormat: SampleFormat
  /** From opening the stream to the whole output. */
  readonly elapsedS: number
  /** `undefined` where there was no block. */
  readonly roundTrips: RoundTrips | undefined
}

/** Long enough that a message costs little beside its samples, short enough for a smooth progress. */
const DEFAULT_BLOCK_FRAMES = 1024

/**
 * Carries a WAV file through a stream of effects into another one, which appears only when it is
 * whole.
 *
 * @throws {CarillonError} whatever went wrong; an output that is a file is then as it was.
 */
export async function runProcessJob(
  job: ProcessJob,
  around: JobSurroundings,
): Promise<ProcessReport> {
  // The other end of a pipe may be silent for as long as it likes: whatever fails ends the waiting.
  const failure = new AbortController()
  const signal = AbortSignal.any([around.signal, failure.signal])
  try {
    return await runWith(job, around, { signal, giveUp: () => failure.abort() })
  } catch (error) {
    throw around.signal.aborted ? around.signal.reason : error
  }
}

interface Waiting {
  /** Ends the waiting for standard input and output. */
  readonly signal: AbortSignal
  giveUp(): void
}

async function runWith(
  job: ProcessJob,
  around: JobSurroundings,
  { signal, giveUp }: Waiting,
): Promise<ProcessReport> {
  const reader = await openInput(job.input, around, signal)
  try {
    const effects = await loadEffects(job, reader.format.sampleRateHz, around)
    const format = outputFormat(job, reader.format, around)
    const writer = await openOutput(job.output, format, reader.frames, around, signal)
    try {
      return await withServer(job.server, around, (address) =>
        withClient(address, { name: 'carillon process', signal: around.signal }, (client) =>
          convert({ job, around, client, reader, writer, effects, giveUp }),
        ),
      )
    } finally {
      await writer.discard()
    }
  } finally {
    await reader.close()
  }
}

async function loadEffects(
  { input, effects }: ProcessJob,
  sampleRateHz: number,
  { onNote }: JobSurroundings,
): Promise<StreamEffect[]> {
  const loaded: StreamEffect[] = []
  for (const { name, parameters } of effects) {
    const values = new Map<string, ArrayLike<number>>()
    for (const [key, value] of parameters) {
      if ('numbers' in value) {
        values.set(key, value.numbers)
        continue
      }
      const taps = await readEffectTaps(value.wavPath)
      if (taps.sampleRateHz !== sampleRateHz) {
        const rates = `${taps.sampleRateHz} Hz and ${inputName(input)} is of ${sampleRateHz} Hz`
        onNote(`${value.wavPath} is of ${rates}; its samples are used as they are`)
      }
      values.set(key, taps.values)
    }
    // Not by assignment: a key may be `__proto__`, which the server is to refuse like any other.
    loaded.push({ name, parameters: Object.fromEntries(values) })
  }
  return loaded
}

function outputFormat(
  { input, output, format }: ProcessJob,
  stored: WavFormat<StoredFormat>,
  { onNote }: JobSurroundings,
): WavFormat {
  const { sampleFormat } = stored
  if (format !== undefined) return { ...stored, sampleFormat: format }
  if (sampleFormat !== 'f64') return { ...stored, sampleFormat }
  const from = `${inputName(input)} holds floats of 64 bits`
  onNote(`${from}; ${outputName(output)} gets floats of 32 bits`)
  return { ...stored, sampleFormat: 'f32' }
}

interface Conversion {
  readonly job: ProcessJob
  readonly around: JobSurroundings
  readonly client: CarillonClient
  readonly reader: WavReader
  readonly writer: JobOutput
  readonly effects: readonly StreamEffect[]
  readonly giveUp: () => void
}

async function convert(conversion: Conversion): Promise<ProcessReport> {
  const { job, around, client, reader, writer, effects, giveUp } = conversion
  const startMs = performance.now()
  const { sampleRateHz, channels } = reader.format
  const { window = DEFAULT_WINDOW, coreIndex } = job
  const stream = await client.openStream({
    ...{ sampleRateHz, channels, effects, window },
    ...(coreIndex !== undefined && { core: coreIndex }),
  })
  const roundTrips = new RoundTripRecorder()

  const frames = blockFrames(job, stream)
  let blocksSent = 0
  const sending = (async () => {
    for await (const block of reader.blocks(frames)) {
      await stream.send(block)
      blocksSent++
    }
    return await stream.close()
  })()
  const receiving = (async () => {
    let done = 0
    for await (const { data, roundTripMs } of stream) {
      roundTrips.record(roundTripMs)
      await writer.write(data)
      done += data.length / (channels * Float32Array.BYTES_PER_ELEMENT)
      around.onProgress(done, reader.frames)
    }
  })()
  try {
    const [{ blocksLost }] = await Promise.all([sending, receiving])
    if (blocksLost > 0) throw blocksLostError(job, blocksLost, blocksSent)
  } catch (error) {
    // Whatever failed, the other side must have let go of its file before that is closed.
    giveUp()
    await client.close()
    await Promise.allSettled([sending, receiving])
    throw error
  }
  around.signal.throwIfAborted()
  const written = await writer.finish()
  const elapsedS = (performance.now() - startMs) / 1000
  const { sampleFormat } = writer.format
  return {
    ...written,
    sampleRateHz,
    channels,
    sampleFormat,
    elapsedS,
    roundTrips: roundTrips.summary(),
  }
}

function blockFrames(job: ProcessJob, { maxBlockFrames }: ClientStream): number {
  if (job.blockFrames === undefined) return Math.min(DEFAULT_BLOCK_FRAMES, maxBlockFrames)
  if (job.blockFrames <= maxBlockFrames) return job.blockFrames
  const limit = `of ${inputName(job.input)} the server takes at most ${maxBlockFrames} frames in a block`
  throw new ArgumentError(`--block-frames is ${job.blockFrames}, but ${limit}`)
}

function blocksLostError({ output }: ProcessJob, lost: number, sent: number): JobError {
  const sofar =
    output === STANDARD_STREAM ? 'what was written is not whole' : `${output} was not written`
  const sentence = `${lost} of ${sent} blocks never came back, so ${sofar}`
  return new JobError('ERR_CARILLON_BLOCKS_LOST', sentence)
}
