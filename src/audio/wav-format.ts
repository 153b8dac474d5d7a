import { checkInteger, checkOneOf } from '../arguments.ts'
import { ArgumentError } from '../errors.ts'
import { invalid, unsupported } from './errors.ts'
import {
  BYTES_PER_SAMPLE,
  FLOAT_BYTES,
  SAMPLE_FORMATS,
  type SampleFormat,
  type StoredFormat,
} from './sample-codec.ts'

/** What a WAV file holds. */
export interface WavFormat<Stored extends StoredFormat = SampleFormat> {
  readonly sampleFormat: Stored
  /** 1 to {@link MAX_WAV_CHANNELS}. */
  readonly channels: number
  /** 1 to 2^32 - 1. */
  readonly sampleRateHz: number
  /**
   * Which loudspeaker each channel is for, in a header of the WAVE_FORMAT_EXTENSIBLE kind.
   * `undefined` where the header is the plain one, which does not say.
   */
  readonly channelMask: number | undefined
}

/** The most channels of a file: 7.1 surround, and what the server's streams carry. */
export const MAX_WAV_CHANNELS = 8

/** What {@link parseFormatChunk} accepts, for sentences. */
export const SUPPORTED_FORMATS =
  'PCM of 16, 24 or 32 bits and IEEE float of 32 or 64 bits, with 1 to 8 channels'

/** Bytes of one sample of every channel. */
export function bytesPerFrame(format: WavFormat<StoredFormat>): number {
  return BYTES_PER_SAMPLE[format.sampleFormat] * format.channels
}

// The fmt chunk, as Microsoft's "Multiple channel audio data and WAVE files" lays it out.
const PLAIN_BYTES = 16
const PLAIN_WITH_SIZE_BYTES = 18
const EXTENSIBLE_BYTES = 40
/** Bytes of a fmt chunk that {@link parseFormatChunk} looks at. */
export const FORMAT_CHUNK_MAX_BYTES = EXTENSIBLE_BYTES
const EXTENSION_BYTES = 22

const TAG_PCM = 1
const TAG_FLOAT = 3
const TAG_EXTENSIBLE = 0xfffe
const TAG_NAMES: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG',
  85: 'MP3',
}

/** The end of a sub-format GUID whose first two bytes are an ordinary format tag. */
const SUBFORMAT_TAIL = Buffer.from('000000001000800000aa00389b71', 'hex')

/**
 * Reads a fmt chunk.
 *
 * @param chunk its first {@link FORMAT_CHUNK_MAX_BYTES} bytes, or all where it is shorter.
 * @param path of the file, for sentences.
 * @throws {WavError} `ERR_CARILLON_WAV_INVALID`, `ERR_CARILLON_WAV_UNSUPPORTED`.
 */
export function parseFormatChunk(chunk: Buffer, path: string): WavFormat<StoredFormat> {
  if (chunk.length < PLAIN_BYTES) {
    throw invalid(path, `its fmt chunk has ${chunk.length} bytes where ${PLAIN_BYTES} are needed`)
  }
  const outerTag = chunk.readUInt16LE(0)
  const channels = chunk.readUInt16LE(2)
  const sampleRateHz = chunk.readUInt32LE(4)
  // The average byte rate at 8 follows from the rest, and writers that get it wrong are common.
  const blockAlign = chunk.readUInt16LE(12)
  const bits = chunk.readUInt16LE(14)

  const extension = outerTag === TAG_EXTENSIBLE ? parseExtension(chunk, bits, path) : undefined
  const tag = extension?.tag ?? outerTag
  if (channels === 0) throw invalid(path, 'it has 0 channels')
  if (channels > MAX_WAV_CHANNELS)
    throw unsupported(path, `${channels} channels`, SUPPORTED_FORMATS)
  if (sampleRateHz === 0) throw invalid(path, 'its sample rate is 0')
  const sampleFormat = storedFormat(tag, bits)
  if (sampleFormat === undefined) {
    const name = tag === TAG_PCM ? 'PCM' : tag === TAG_FLOAT ? 'IEEE float' : TAG_NAMES[tag]
    const audio = name ?? `audio of format tag 0x${tag.toString(16)}`
    throw unsupported(path, `${bits}-bit ${audio}`, SUPPORTED_FORMATS)
  }
  const format = { sampleFormat, channels, sampleRateHz, channelMask: extension?.channelMask }
  if (blockAlign !== bytesPerFrame(format)) {
    const expected = `${channels} x ${bits} bits are ${bytesPerFrame(format)}`
    throw invalid(path, `its header says ${blockAlign} bytes a frame where ${expected}`)
  }
  return format
}

function parseExtension(chunk: Buffer, bits: number, path: string) {
  const extensionBytes = chunk.length < PLAIN_WITH_SIZE_BYTES ? 0 : chunk.readUInt16LE(16)
  if (chunk.length < EXTENSIBLE_BYTES || extensionBytes < EXTENSION_BYTES) {
    throw invalid(path, 'its fmt chunk says WAVE_FORMAT_EXTENSIBLE but lacks the extension')
  }
  // Fewer valid bits than stored ones leave the lowest at 0: the value is the same either way.
  const validBits = chunk.readUInt16LE(18)
  if (validBits > bits) {
    throw invalid(path, `its header says ${validBits} valid bits in samples of ${bits}`)
  }
  if (!chunk.subarray(26, EXTENSIBLE_BYTES).equals(SUBFORMAT_TAIL)) {
    const guid = chunk.subarray(24, EXTENSIBLE_BYTES).toString('hex')
    throw unsupported(path, `audio of sub-format ${guid}`, SUPPORTED_FORMATS)
  }
  return { channelMask: chunk.readUInt32LE(20), tag: chunk.readUInt16LE(24) }
}

function storedFormat(tag: number, bits: number): StoredFormat | undefined {
  if (tag === TAG_PCM) {
    return bits === 16 ? 's16' : bits === 24 ? 's24' : bits === 32 ? 's32' : undefined
  }
  if (tag === TAG_FLOAT) return bits === 32 ? 'f32' : bits === 64 ? 'f64' : undefined
  return undefined
}

/**
 * The whole header of a WAV file, up to its first sample. Its length depends on the format alone.
 *
 * @param frames how many frames follow; `Infinity` where that is not known and nobody can come back
 *   to say it: the sizes are then 0xffffffff, as other programs write them into a pipe.
 */
export function encodeHeader(format: WavFormat, frames: number): Buffer {
  const isFloat = format.sampleFormat === 'f32'
  const isExtensible = format.channelMask !== undefined
  const bits = BYTES_PER_SAMPLE[format.sampleFormat] * 8
  const frameBytes = bytesPerFrame(format)
  const tag = isFloat ? TAG_FLOAT : TAG_PCM
  const dataBytes = frames * frameBytes

  const formatBytes = isExtensible
    ? EXTENSIBLE_BYTES
    : isFloat
      ? PLAIN_WITH_SIZE_BYTES
      : PLAIN_BYTES
  const fmt = Buffer.alloc(formatBytes)
  fmt.writeUInt16LE(isExtensible ? TAG_EXTENSIBLE : tag, 0)
  fmt.writeUInt16LE(format.channels, 2)
  fmt.writeUInt32LE(format.sampleRateHz, 4)
  fmt.writeUInt32LE(Math.min(format.sampleRateHz * frameBytes, 0xffff_ffff), 8)
  fmt.writeUInt16LE(frameBytes, 12)
  fmt.writeUInt16LE(bits, 14)
  if (isExtensible) {
    fmt.writeUInt16LE(EXTENSION_BYTES, 16)
    fmt.writeUInt16LE(bits, 18)
    fmt.writeUInt32LE(format.channelMask ?? 0, 20)
    fmt.writeUInt16LE(tag, 24)
    SUBFORMAT_TAIL.copy(fmt, 26)
  }
  // The fact chunk is required of everything that is not PCM.
  const fact = isFloat ? chunkOf('fact', uint32(frames)) : Buffer.alloc(0)
  const chunks = Buffer.concat([chunkOf('fmt ', fmt), fact])
  const padBytes = dataBytes % 2
  const riffBytes = 4 + chunks.length + 8 + dataBytes + padBytes
  return Buffer.concat([
    Buffer.from('RIFF'),
    uint32(riffBytes),
    Buffer.from('WAVE'),
    chunks,
    Buffer.from('data'),
    uint32(dataBytes),
  ])
}

/** The most frames that a file of this format can hold: its sizes are counted in 32 bits. */
export function maxFrames(format: WavFormat): number {
  const riffBytes = encodeHeader(format, 0).length - 8
  const padBytes = 1
  return Math.floor((0xffff_ffff - riffBytes - padBytes) / bytesPerFrame(format))
}

/**
 * How many frames these samples are.
 *
 * @param samples interleaved floats (IEEE 754 binary32, little-endian).
 * @throws {ArgumentError} where they are not whole frames.
 */
export function framesIn(samples: Uint8Array, { channels }: WavFormat): number {
  const frameBytes = channels * FLOAT_BYTES
  if (samples.length % frameBytes === 0) return samples.length / frameBytes
  throw new ArgumentError(`${samples.length} bytes are not whole frames of ${frameBytes}`)
}

/** @throws {ArgumentError} where a file of this format cannot be written. */
export function checkFormat({ sampleFormat, channels, sampleRateHz }: WavFormat): void {
  checkOneOf('sampleFormat', sampleFormat, SAMPLE_FORMATS)
  checkInteger('channels', channels, 1, MAX_WAV_CHANNELS)
  checkInteger('sampleRateHz', sampleRateHz, 1, 0xffff_ffff)
}

function chunkOf(id: string, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from(id), uint32(content.length), content])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(Number.isFinite(value) ? value : 0xffff_ffff)
  return bytes
}
