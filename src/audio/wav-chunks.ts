import type { FileHandle } from 'node:fs/promises'
import { cannotRead, invalid, notWav, truncated, unsupported } from './errors.ts'
import { FORMAT_CHUNK_MAX_BYTES } from './wav-format.ts'

/** Where the parts of a WAV file lie. */
export interface WavChunks {
  /** The first fmt chunk; at most {@link FORMAT_CHUNK_MAX_BYTES} of it. */
  readonly format: Buffer
  /** The first data chunk, checked to lie inside the file. */
  readonly dataOffset: number
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
 * Finds the fmt and the data chunk of a RIFF, RF64 or BW64 file, in any order and among any others.
 * Stops when it has both: what follows is not looked at.
 *
 * @throws {WavError} where it is no WAV file or a part is missing or cut off.
 */
export async function findChunks(
  file: FileHandle,
  fileBytes: number,
  path: string,
): Promise<WavChunks> {
  const header = await readUpTo(file, 0, RIFF_HEADER_BYTES, path)
  const is64Bit = checkRiffHeader(header, path)
  const riffEnd = 8 + header.readUInt32LE(4)

  let format: Buffer | undefined
  let data: { offset: number; bytes: number } | undefined
  let data64Bytes: number | undefined
  let offset = RIFF_HEADER_BYTES
  for (let chunks = 0; format === undefined || data === undefined; chunks++) {
    if (chunks === MAX_CHUNKS) {
      throw invalid(path, `no fmt and data among its first ${MAX_CHUNKS} chunks`)
    }
    if (offset >= fileBytes) {
      // A header that promises more says that the missing chunk was cut off.
      const missing = format === undefined ? 'fmt' : 'data'
      if (riffEnd > fileBytes) throw truncated(path, `it ends before its ${missing} chunk`)
      throw invalid(path, `it has no ${missing} chunk`)
    }
    const chunk = await readUpTo(file, offset, CHUNK_HEADER_BYTES, path)
    if (chunk.length < CHUNK_HEADER_BYTES) throw truncated(path, 'it ends inside a chunk header')
    const id = chunk.toString('latin1', 0, 4)
    const start = offset + CHUNK_HEADER_BYTES
    let bytes = chunk.readUInt32LE(4)
    if (id === 'data' && bytes === SIZE_ELSEWHERE && data64Bytes !== undefined) bytes = data64Bytes
    if (start + bytes > fileBytes) {
      throw truncated(path, cutChunk(id, bytes, fileBytes - start))
    }
    if (id === 'fmt ' && format === undefined) {
      format = await readUpTo(file, start, Math.min(bytes, FORMAT_CHUNK_MAX_BYTES), path)
    } else if (id === 'ds64' && is64Bit) {
      data64Bytes = await readData64Bytes(file, start, bytes, path)
    } else if (id === 'data' && data === undefined) {
      data = { offset: start, bytes }
      // A recorder that was killed leaves both sizes as it wrote them at the start.
      if (bytes === 0 && riffEnd <= start && fileBytes > start) {
        throw truncated(path, 'its header was never finished: it says 0 bytes of samples')
      }
    }
    offset = start + bytes + (bytes % 2)
  }
  return { format, dataOffset: data.offset, dataBytes: data.bytes }
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

async function readData64Bytes(file: FileHandle, start: number, bytes: number, path: string) {
  if (bytes < DS64_BYTES) {
    throw invalid(path, `its ds64 chunk has ${bytes} bytes where ${DS64_BYTES} are needed`)
  }
  return Number((await readUpTo(file, start, DS64_BYTES, path)).readBigUInt64LE(8))
}

function cutChunk(id: string, bytes: number, there: number): string {
  if (id !== 'data') return `it ends inside its ${JSON.stringify(id)} chunk`
  const sentence = `its header says ${bytes} bytes of samples and ${there} are there`
  return bytes >= 0x7fff_0000
    ? `${sentence}; perhaps it was written to a pipe, where a header cannot be finished`
    : sentence
}

/**
 * Reads `bytes` bytes, fewer only at the file's end.
 *
 * @throws {WavError} `ERR_CARILLON_WAV_READ`.
 */
export async function readUpTo(
  file: FileHandle,
  offset: number,
  bytes: number,
  path: string,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes)
  let filled = 0
  while (filled < bytes) {
    const { bytesRead } = await file
      .read(buffer, filled, bytes - filled, offset + filled)
      .catch((error: unknown) => {
        throw cannotRead(path, error)
      })
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

function hex(bytes: Buffer): string {
  return `bytes ${bytes.toString('hex').replace(/..(?=.)/g, '$& ')}`
}
