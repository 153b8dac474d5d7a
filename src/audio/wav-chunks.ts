import { invalid, notWav, truncated, unsupported, WavError } from './errors.ts'
import { FORMAT_CHUNK_MAX_BYTES } from './wav-format.ts'
import type { WavSource } from './wav-source.ts'

/** Where the parts of a WAV file lie. */
export interface WavChunks {
  /** The first fmt chunk; at most {@link FORMAT_CHUNK_MAX_BYTES} of it. */
  readonly format: Buffer
  /** The first data chunk, in a file checked to lie inside it. */
  readonly dataOffset: number
  /** `Infinity` where a stream does not say: then they go on to its end. */
  readonly dataBytes: number
}

/** Chunks looked at before giving up. Files have a handful; each costs one read. */
const MAX_CHUNKS = 1024

const RIFF_HEADER_BYTES = 12
const CHUNK_HEADER_BYTES = 8
/** In an RF64 file: the size stands in the ds64 chunk. From other writers: "not known". */
const SIZE_ELSEWHERE = 0xffff_ffff
const DS64_BYTES = 24

/**
 * What programs write as a size into a pipe, where they cannot come back with the true one: ffmpeg
 * 0xffffffff, sox 0x7ffff000, arecord 0x7fffff00, others 0 or a little less than these.
 */
function isSizeNotKnown(bytes: number): boolean {
  const isNear = (limit: number) => bytes > limit - 0x1_0000 && bytes <= limit
  return isNear(0x8000_0000) || isNear(0xffff_ffff) || bytes > Number.MAX_SAFE_INTEGER
}

interface Chunk {
  readonly id: string
  readonly start: number
  readonly bytes: number
}

/**
 * Finds the fmt and the data chunk of a RIFF, RF64 or BW64 file, in any order and among any others;
 * in a stream the data chunk comes last. Stops when it has both: what follows is not looked at.
 *
 * @throws {WavError} where it is no WAV file or a part is missing or cut off.
 */
export async function findChunks(source: WavSource): Promise<WavChunks> {
  const { name } = source
  const header = await source.read(0, RIFF_HEADER_BYTES)
  const is64Bit = checkRiffHeader(header, name)
  const riffBytes = header.readUInt32LE(4)
  const riffEnd = 8 + riffBytes

  let format: Buffer | undefined
  let data: { offset: number; bytes: number } | undefined
  let data64Bytes: number | undefined
  let offset = RIFF_HEADER_BYTES
  let last: Chunk | undefined
  for (let chunks = 0; format === undefined || data === undefined; chunks++) {
    if (chunks === MAX_CHUNKS) {
      throw invalid(name, `no fmt and data among its first ${MAX_CHUNKS} chunks`)
    }
    const chunk = await source.read(offset, CHUNK_HEADER_BYTES)
    // Of a stream it is known only now whether it was long enough.
    if (last !== undefined) checkInside(last, source)
    if (chunk.length === 0) {
      // A header that promises more says that the missing chunk was cut off.
      const missing = format === undefined ? 'fmt' : 'data'
      if (riffEnd > source.sizeBytes) throw truncated(name, `it ends before its ${missing} chunk`)
      throw invalid(name, `it has no ${missing} chunk`)
    }
    if (chunk.length < CHUNK_HEADER_BYTES) throw truncated(name, 'it ends inside a chunk header')
    const id = chunk.toString('latin1', 0, 4)
    const start = offset + CHUNK_HEADER_BYTES
    let bytes = chunk.readUInt32LE(4)
    if (id === 'data' && bytes === SIZE_ELSEWHERE && data64Bytes !== undefined) bytes = data64Bytes
    last = { id, start, bytes }
    if (id === 'data' && !source.isSeekable) {
      if (format === undefined) throw samplesFirst(name)
      const isUnfinished = bytes === 0 && (riffEnd <= start || isSizeNotKnown(riffBytes))
      const isOpen = isUnfinished || isSizeNotKnown(bytes)
      return { format, dataOffset: start, dataBytes: isOpen ? Number.POSITIVE_INFINITY : bytes }
    }
    checkInside(last, source)
    if (id === 'fmt ' && format === undefined) {
      format = await source.read(start, Math.min(bytes, FORMAT_CHUNK_MAX_BYTES))
      checkInside(last, source)
    } else if (id === 'ds64' && is64Bit) {
      data64Bytes = await readData64Bytes(source, start, bytes)
    } else if (id === 'data' && data === undefined) {
      data = { offset: start, bytes }
      // A recorder that was killed leaves both sizes as it wrote them at the start.
      if (bytes === 0 && riffEnd <= start && source.sizeBytes > start) {
        throw truncated(name, 'its header was never finished: it says 0 bytes of samples')
      }
    }
    offset = start + bytes + (bytes % 2)
  }
  return { format, dataOffset: data.offset, dataBytes: data.bytes }
}

/** @throws {WavError} where a chunk goes on beyond the end. */
function checkInside({ id, start, bytes }: Chunk, { name, sizeBytes }: WavSource): void {
  if (start + bytes > sizeBytes) throw truncated(name, cutChunk(id, bytes, sizeBytes - start))
}

function samplesFirst(name: string): WavError {
  const sentence = `${name} has its samples before its fmt chunk, which can be read from a file only`
  return new WavError('ERR_CARILLON_WAV_UNSUPPORTED', sentence)
}

/** @returns whether sizes may stand in a ds64 chunk. */
function checkRiffHeader(header: Buffer, path: string): boolean {
  if (header.length === 0) throw notWav(path, 'it is empty')
  const id = header.toString('latin1', 0, 4)
  if (id === 'RIFX') throw unsupported(path, 'big-endian audio (RIFX)', 'RIFF, RF64 and BW64')
  const known = ['RIFF', 'RF64', 'BW64'].find((name) => name.startsWith(id))
  if (known === undefined) {
    throw notWav(path, `it starts with ${hex(header.subarray(0, 4))}, not with "RIFF"`)
  }
  const form = header.toString('latin1', 8)
  if (!'WAVE'.startsWith(form)) {
    throw notWav(path, `its RIFF form is ${hex(header.subarray(8))}, not "WAVE"`)
  }
  if (header.length < RIFF_HEADER_BYTES) throw truncated(path, 'it ends inside the RIFF header')
  return id !== 'RIFF'
}

async function readData64Bytes(source: WavSource, start: number, bytes: number): Promise<number> {
  if (bytes < DS64_BYTES) {
    throw invalid(source.name, `its ds64 chunk has ${bytes} bytes where ${DS64_BYTES} are needed`)
  }
  const ds64 = await source.read(start, DS64_BYTES)
  if (ds64.length < DS64_BYTES) throw truncated(source.name, cutChunk('ds64', bytes, ds64.length))
  return Number(ds64.readBigUInt64LE(8))
}

/** For the sentence about a chunk that is cut off. */
export function cutChunk(id: string, bytes: number, there: number): string {
  if (id !== 'data') return `it ends inside its ${JSON.stringify(id)} chunk`
  const sentence = `its header says ${bytes} bytes of samples and ${there} are there`
  return isSizeNotKnown(bytes)
    ? `${sentence}; perhaps it was written to a pipe, where a header cannot be finished`
    : sentence
}

function hex(bytes: Buffer): string {
  return `bytes ${bytes.toString('hex').replace(/..(?=.)/g, '$& ')}`
}
