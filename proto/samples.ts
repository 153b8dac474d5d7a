/**
 * A message with samples, which is nearly every message, read and written over its bytes: without
 * objects, and without a copy of the samples. Both kinds of messages have it as their field 5.
 */

/** The most bytes that {@link writeSamplesHead} writes: a tag and a varint of 32 bits, four times. */
export const SAMPLES_HEAD_BYTES_MAX: number = 4 * (1 + 5)

// Field numbers and wire types of proto/carillon.proto.
const TAG_SAMPLES = (5 << 3) | 2
const TAG_STREAM = 1 << 3
const TAG_SEQUENCE = 2 << 3
const TAG_DATA = (3 << 3) | 2

const VARINT_BYTES_MAX = 5
/** The bits of its fifth byte that a number of 32 bits has. */
const FIFTH_BYTE_MAX = 0x0f

/** Where {@link SamplesReader.read} found what. */
export class SamplesReader {
  stream = 0
  sequence = 0
  /** Where in the message the samples are. */
  dataStart = 0
  dataEnd = 0
  /** Of the byte that is read next. */
  #at = 0

  /**
   * Whether `message` is samples and nothing else, written as every encoder writes them: the fields
   * in order, each once, with at least one byte of samples. They are in the fields of this reader
   * then. Where it is not, a general decoder has to say what it is.
   */
  read(message: Uint8Array): boolean {
    const end = message.length
    if (end < 2 || message[0] !== TAG_SAMPLES) return false
    this.#at = 1
    if (this.#varint(message, end) !== end - this.#at) return false
    this.stream = this.#field(message, end, TAG_STREAM)
    this.sequence = this.#field(message, end, TAG_SEQUENCE)
    if (this.#at >= end || message[this.#at++] !== TAG_DATA) return false
    const bytes = this.#varint(message, end)
    this.dataStart = this.#at
    this.dataEnd = end
    return bytes > 0 && bytes === end - this.#at && this.stream >= 0 && this.sequence >= 0
  }

  /** The number of a field; 0 where another one comes. Negative where it is no number of 32 bits. */
  #field(message: Uint8Array, end: number, tag: number): number {
    if (this.#at >= end || message[this.#at] !== tag) return 0
    this.#at++
    return this.#varint(message, end)
  }

  /** Negative where there is no number of 32 bits. */
  #varint(message: Uint8Array, end: number): number {
    let at = this.#at
    let value = 0
    for (let bits = 0; at < end && bits < 7 * VARINT_BYTES_MAX; bits += 7) {
      const byte = message[at++] as number
      if (bits === 28 && byte > FIFTH_BYTE_MAX) return -1
      value |= (byte & 0x7f) << bits
      if (byte < 0x80) {
        this.#at = at
        return value >>> 0
      }
    }
    return -1
  }
}

/**
 * Writes what stands before the samples of a message.
 *
 * @param into has room for {@link SAMPLES_HEAD_BYTES_MAX} bytes at `at`.
 * @param stream 32 bits, as `sequence`.
 * @param dataBytes of the samples that follow, at least one.
 * @returns where they begin.
 */
export function writeSamplesHead(
  into: Uint8Array,
  at: number,
  stream: number,
  sequence: number,
  dataBytes: number,
): number {
  into[at] = TAG_SAMPLES
  let end = writeVarint(into, at + 1, innerHeadBytes(stream, sequence, dataBytes) + dataBytes)
  if (stream !== 0) {
    into[end] = TAG_STREAM
    end = writeVarint(into, end + 1, stream)
  }
  if (sequence !== 0) {
    into[end] = TAG_SEQUENCE
    end = writeVarint(into, end + 1, sequence)
  }
  into[end] = TAG_DATA
  return writeVarint(into, end + 1, dataBytes)
}

/** What {@link writeSamplesHead} writes, in bytes. */
export function samplesHeadBytes(stream: number, sequence: number, dataBytes: number): number {
  const inner = innerHeadBytes(stream, sequence, dataBytes)
  return 1 + varintBytes(inner + dataBytes) + inner
}

function innerHeadBytes(stream: number, sequence: number, dataBytes: number): number {
  return (
    (stream === 0 ? 0 : 1 + varintBytes(stream)) +
    (sequence === 0 ? 0 : 1 + varintBytes(sequence)) +
    1 +
    varintBytes(dataBytes)
  )
}

/** Seven bits a byte. */
function varintBytes(value: number): number {
  if (value < 1 << 7) return 1
  if (value < 1 << 14) return 2
  if (value < 1 << 21) return 3
  return value < 1 << 28 ? 4 : 5
}

/** Writes a number of 32 bits as a varint, and returns where it ends. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let end = at
  let rest = value
  while (rest >= 0x80) {
    into[end++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  into[end++] = rest
  return end
}
