import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import test from 'ava'
import { SAMPLE_FORMATS } from '../../src/audio/sample-codec.ts'
import type { WavFormat } from '../../src/audio/wav-format.ts'
import { maxFrames } from '../../src/audio/wav-format.ts'
import { WavStreamWriter } from '../../src/audio/wav-stream-writer.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { floatBytes } from '../support/wav-bytes.ts'
import { writeAll } from '../support/wav-files.ts'

const MONO: WavFormat = {
  sampleFormat: 's16',
  channels: 1,
  sampleRateHz: 48_000,
  channelMask: undefined,
}

test('a stream gets what a file gets, with losses counted', async (t) => {
  const path = join(temporaryFolder(t), 'out.wav')
  const samples = floatBytes([0, 0.5, -0.5, 2, Number.NaN, 0.25, -1, 1, 0.125])
  for (const sampleFormat of SAMPLE_FORMATS) {
    for (const channelMask of [undefined, 7]) {
      const format = { ...MONO, sampleFormat, channels: 3, channelMask }
      const written = await writeAll(path, format, samples)
      const stream = new PassThrough()
      const writer = new WavStreamWriter(stream, 'the pipe', format, 3)
      const got = buffer(stream)
      await writer.write(samples.subarray(0, 12))
      await writer.write(samples.subarray(12))
      t.deepEqual(await writer.finish(), written)
      t.true((await got).equals(readFileSync(path)))
    }
  }
})

test('each block leaves at once, after the header', async (t) => {
  const stream = new PassThrough()
  const writer = new WavStreamWriter(stream, 'the pipe', MONO, 3)
  t.is(stream.readableLength, 0)
  await writer.write(floatBytes([0]))
  t.is(stream.readableLength, 46)
  await writer.write(floatBytes([0, 0]))
  t.is(stream.readableLength, 50)
})

test('a length that is not known is 0xffffffff, of the file and of the samples', async (t) => {
  for (const [sampleFormat, at] of [
    ['s24', [4, 40]],
    ['f32', [4, 46, 54]],
  ] as const) {
    const stream = new PassThrough()
    const got = buffer(stream)
    const writer = new WavStreamWriter(stream, 'the pipe', { ...MONO, sampleFormat }, Infinity)
    await writer.write(floatBytes([0]))
    await writer.finish()
    const bytes = await got
    for (const offset of at) t.is(bytes.readUInt32LE(offset), 0xffff_ffff)
    t.is(bytes.length, (at.at(-1) ?? 0) + 4 + (sampleFormat === 's24' ? 3 : 4), 'and no pad byte')
  }
})

test('what was promised is held', async (t) => {
  const writer = (frames: number) =>
    new WavStreamWriter(new PassThrough(), 'the pipe', { ...MONO, channels: 2 }, frames)
  await t.throwsAsync(writer(1).write(floatBytes([1, 2, 3, 4])), { code: 'ERR_CARILLON_ARGUMENT' })
  await t.throwsAsync(writer(1).finish(), { code: 'ERR_CARILLON_ARGUMENT' })
  await t.throwsAsync(writer(1).write(floatBytes([1])), { code: 'ERR_CARILLON_ARGUMENT' })
  await t.notThrowsAsync(writer(0).finish())
})

test('more than a WAV file can hold is refused before anything is written', (t) => {
  const stream = new PassThrough()
  const open = (frames: number) => new WavStreamWriter(stream, 'the pipe', MONO, frames)
  open(maxFrames(MONO))
  t.throws(() => open(maxFrames(MONO) + 1), { code: 'ERR_CARILLON_WAV_TOO_LARGE' })
  t.is(stream.readableLength, 0)
})

test('what the system says is the error, at any point', async (t) => {
  const fail = (_: unknown, __: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error('write EPIPE'), { errno: -32 }))
  const says = {
    code: 'ERR_CARILLON_WAV_WRITE',
    message: 'cannot write the pipe: broken pipe',
  }
  const broken = () => new WavStreamWriter(new Writable({ write: fail }), 'the pipe', MONO, 1)
  await t.throwsAsync(broken().write(floatBytes([0])), says)
  const atEnd = new Writable({ write: (_, __, done) => done(), final: (done) => fail(0, 0, done) })
  const writer = new WavStreamWriter(atEnd, 'the pipe', MONO, 1)
  await writer.write(floatBytes([0]))
  await t.throwsAsync(writer.finish(), says)
})
