/** One chunk with its pad byte. */
export function chunk(id: string, content: Uint8Array, pad = true): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(content.length)
  const padding = Buffer.alloc(pad ? content.length % 2 : 0)
  return Buffer.concat([Buffer.from(id, 'latin1'), size, content, padding])
}

/** A RIFF file of these chunks. */
export function riff(...chunks: Uint8Array[]): Buffer {
  return chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]), false)
}

export interface FormatFields {
  tag?: number
  channels?: number
  sampleRateHz?: number
  bits?: number
  blockAlign?: number
  /** Bytes after the 16 common ones. */
  extra?: Uint8Array
}

/** The content of a fmt chunk: 48 kHz mono PCM16 where not told otherwise. */
export function formatFields(fields: FormatFields = {}): Buffer {
  const { tag = 1, channels = 1, sampleRateHz = 48_000, bits = 16 } = fields
  const blockAlign = fields.blockAlign ?? (channels * bits) / 8
  const bytes = Buffer.alloc(16)
  bytes.writeUInt16LE(tag, 0)
  bytes.writeUInt16LE(channels, 2)
  bytes.writeUInt32LE(sampleRateHz, 4)
  bytes.writeUInt32LE((sampleRateHz * blockAlign) % 2 ** 32, 8)
  bytes.writeUInt16LE(blockAlign, 12)
  bytes.writeUInt16LE(bits, 14)
  return Buffer.concat([bytes, fields.extra ?? Buffer.alloc(0)])
}

/** What follows the 16 common bytes of a WAVE_FORMAT_EXTENSIBLE fmt chunk. */
export function extension(tag: number, validBits: number, channelMask: number): Buffer {
  const bytes = Buffer.from(`1600${'00'.repeat(8)}000000001000800000aa00389b71`, 'hex')
  bytes.writeUInt16LE(validBits, 2)
  bytes.writeUInt32LE(channelMask, 4)
  bytes.writeUInt16LE(tag, 8)
  return bytes
}

/** A plain PCM16 file. */
export function pcm16(samples: readonly number[], fields: FormatFields = {}): Buffer {
  const data = Buffer.from(Int16Array.from(samples).buffer)
  return riff(chunk('fmt ', formatFields(fields)), chunk('data', data))
}

/** Interleaved floats as the bytes that a reader gives and a writer takes. */
export function floatBytes(samples: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(samples).buffer)
}

/** The floats in such bytes. */
export function floatsOf(bytes: Uint8Array): number[] {
  return [...new Float32Array(Uint8Array.from(bytes).buffer)]
}
