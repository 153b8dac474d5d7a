import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WavFormat } from '../../src/audio/wav-format.ts'
import { WavReader } from '../../src/audio/wav-reader.ts'
import { WavWriter, type WavWritten } from '../../src/audio/wav-writer.ts'
import { pcm16 } from './wav-bytes.ts'

/** Recorded speech, 48 kHz mono 16-bit, from Debian's alsa-utils. For tests by `needsTool`. */
export const SPEECH = ['Front_Center', 'Front_Left', 'Rear_Right', 'Side_Left'].map(
  (name) => `/usr/share/sounds/alsa/${name}.wav`,
)
export const SPEECH_INSTALL = 'apt-get install alsa-utils'

/** How many samples {@link writeRecording} writes: 1.43 s. */
export const RECORDING_FRAMES = 68_545

/** A file like those of {@link SPEECH}, of noise. */
export function writeRecording(folder: string, name = 'recording.wav'): string {
  const path = join(folder, name)
  let state = 1
  const samples = Array.from({ length: RECORDING_FRAMES }, () => {
    state = (state * 48_271) % 0x7fff_ffff
    return (state % 65_536) - 32_768
  })
  writeFileSync(path, pcm16(samples))
  return path
}

/** The whole content of a file, read in blocks of `blockFrames`. */
export async function readAll(path: string, blockFrames = 1000) {
  const reader = await WavReader.open(path)
  try {
    const blocks: Uint8Array[] = []
    for await (const block of reader.blocks(blockFrames)) blocks.push(block)
    return { format: reader.format, frames: reader.frames, samples: Buffer.concat(blocks) }
  } finally {
    await reader.close()
  }
}

/** Writes a whole file. */
export async function writeAll(
  path: string,
  format: WavFormat,
  ...blocks: Uint8Array[]
): Promise<WavWritten> {
  const writer = await WavWriter.create(path, format)
  try {
    for (const block of blocks) await writer.write(block)
    return await writer.finish()
  } finally {
    await writer.discard()
  }
}
