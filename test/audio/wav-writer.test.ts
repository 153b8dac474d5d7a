import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { SAMPLE_FORMATS, type SampleFormat } from '../../src/audio/sample-codec.ts'
import type { WavFormat } from '../../src/audio/wav-format.ts'
import { WavReader } from '../../src/audio/wav-reader.ts'
import { WavWriter } from '../../src/audio/wav-writer.ts'
import { needsTool } from '../support/needs-tool.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { floatBytes, floatsOf } from '../support/wav-bytes.ts'
import { readAll, SPEECH, SPEECH_INSTALL, writeAll, writeRecording } from '../support/wav-files.ts'

const MONO: WavFormat = {
  ...{ sampleFormat: 's16', channels: 1, sampleRateHz: 48_000, channelMask: undefined },
}

/** Floats that the format holds exactly. */
function exactSamples(format: SampleFormat): fc.Arbitrary<number> {
  if (format === 'f32') return fc.float({ noNaN: true })
  // 24 bits of 32-bit PCM are what a float can hold.
  const bits = format === 's16' ? 16 : 24
  const values = fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
  return values.map((value) => value / 2 ** (bits - 1))
}

for (const sampleFormat of SAMPLE_FORMATS) {
  test(`${sampleFormat}: what is written is read again, for any channels, rate and blocks`, async (t) => {
    const path = join(temporaryFolder(t), 'out.wav')
    const cases = fc.record({
      channels: fc.integer({ min: 1, max: 8 }),
      sampleRateHz: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      channelMask: fc.option(fc.integer({ min: 0, max: 2 ** 18 - 1 }), { nil: undefined }),
      samples: fc.array(exactSamples(sampleFormat), { maxLength: 200 }),
      cut: fc.nat(100),
    })
    await fc.assert(
      fc.asyncProperty(cases, async ({ samples, cut, ...rest }) => {
        const format = { sampleFormat, ...rest }
        const frames = Math.floor(samples.length / rest.channels)
        const bytes = floatBytes(samples.slice(0, frames * rest.channels))
        const first = Math.min(cut, frames) * rest.channels * 4
        const written = await writeAll(
          path,
          format,
          bytes.subarray(0, first),
          bytes.subarray(first),
        )
        t.deepEqual(written, { frames, clipped: 0, notANumber: 0 })
        const read = await readAll(path, 7)
        t.deepEqual(read.format, format)
        t.is(read.frames, frames)
        t.true(read.samples.equals(bytes))
      }),
    )
  })
}

for (const path of SPEECH) {
  needsTool(
    test,
    path,
    SPEECH_INSTALL,
  )(`recorded speech is written as it was read, in each format: ${path}`, async (t) => {
    const directory = temporaryFolder(t)
    const { format, samples } = await readAll(path)
    for (const sampleFormat of SAMPLE_FORMATS) {
      const out = join(directory, `${sampleFormat}.wav`)
      const half = Math.floor(samples.length / 8) * 4
      const blocks = [samples.subarray(0, half), samples.subarray(half)]
      await writeAll(out, { ...MONO, sampleFormat }, ...blocks)
      t.true((await readAll(out)).samples.equals(samples))
    }
    t.is(format.sampleFormat, 's16')
    t.true(fs.readFileSync(join(directory, 's16.wav')).equals(fs.readFileSync(path)))
  })
}

test('each header says what it must', async (t) => {
  const path = join(temporaryFolder(t), 'out.wav')
  const hexOf = async (format: Partial<WavFormat>, samples: number[]) => {
    await writeAll(path, { ...MONO, ...format }, floatBytes(samples))
    return fs.readFileSync(path).toString('hex')
  }
  const [RIFF, WAVE, FMT, FACT, DATA] = ['RIFF', 'WAVE', 'fmt ', 'fact', 'data'].map((id) =>
    Buffer.from(id).toString('hex'),
  )
  t.is(
    await hexOf({}, [0.5]),
    `${RIFF}26000000${WAVE}${FMT}100000000100010080bb00000077010002001000${DATA}020000000040`,
  )
  // The pad byte counts in the RIFF size and not in the data size.
  t.is(
    await hexOf({ sampleFormat: 's24' }, [0.5]),
    `${RIFF}28000000${WAVE}${FMT}100000000100010080bb00008032020003001800${DATA}0300000000004000`,
  )
  t.is(
    await hexOf({ sampleFormat: 'f32' }, [0.5]),
    `${RIFF}36000000${WAVE}${FMT}120000000300010080bb000000ee0200040020000000${FACT}0400000001000000` +
      `${DATA}040000000000003f`,
  )
  t.is(
    await hexOf({ channels: 2, channelMask: 3 }, [0.5, 0.5]),
    `${RIFF}40000000${WAVE}${FMT}28000000feff020080bb000000ee020004001000` +
      `16001000030000000100000000001000800000aa00389b71${DATA}0400000000400040`,
  )
})

test('samples beyond full scale are counted over the whole file', async (t) => {
  const path = join(temporaryFolder(t), 'out.wav')
  const block = floatBytes([2, 0.5, -2, Number.NaN])
  t.deepEqual(await writeAll(path, MONO, block, block), { frames: 8, clipped: 4, notANumber: 2 })
  const max = 32_767 / 32_768
  t.deepEqual(floatsOf((await readAll(path)).samples), [max, 0.5, -1, 0, max, 0.5, -1, 0])
})

test('the name is taken only at the end, and what was there stays until then', async (t) => {
  const directory = temporaryFolder(t)
  const path = join(directory, 'out.wav')
  fs.writeFileSync(path, 'before')
  const writer = await WavWriter.create(path, MONO)
  await writer.write(new Uint8Array(4_000_000))
  t.is(fs.readFileSync(path, 'utf8'), 'before')
  t.is(fs.readdirSync(directory).length, 2)
  await writer.finish()
  t.is((await readAll(path)).frames, 1_000_000)
  await writer.discard()
  t.deepEqual(fs.readdirSync(directory), ['out.wav'])
})

test('given up, nothing is left behind', async (t) => {
  const directory = temporaryFolder(t)
  const writer = await WavWriter.create(join(directory, 'out.wav'), MONO)
  await writer.write(new Uint8Array(4_000_000))
  await writer.discard()
  t.deepEqual(fs.readdirSync(directory), [])
  await t.throwsAsync(() => writer.finish(), { code: 'ERR_CARILLON_WAV_WRITE' })
  await writer.discard()
  t.deepEqual(fs.readdirSync(directory), [])
})

test('a process that exits in the middle leaves nothing behind', async (t) => {
  const directory = temporaryFolder(t)
  const module = new URL('../../src/audio/wav-writer.js', import.meta.url)
  const script = `
    const { WavWriter } = await import(${JSON.stringify(module.href)})
    const writer = await WavWriter.create(${JSON.stringify(join(directory, 'out.wav'))},
      { sampleFormat: 's16', channels: 1, sampleRateHz: 48000 })
    await writer.write(new Uint8Array(4_000_000))
    const { readdirSync } = await import('node:fs')
    process.exit(readdirSync(${JSON.stringify(directory)}).length === 1 ? 7 : 8)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
  const [code] = await once(child, 'exit')
  t.is(code, 7)
  t.deepEqual(fs.readdirSync(directory), [])
})

test('a file can be replaced while it is read', async (t) => {
  const path = writeRecording(temporaryFolder(t))
  const before = (await readAll(path)).samples
  const reader = await WavReader.open(path)
  const writer = await WavWriter.create(path, MONO)
  for await (const block of reader.blocks(1024)) await writer.write(block)
  await writer.finish()
  await reader.close()
  t.true((await readAll(path)).samples.equals(before))
})

test('a replaced file keeps its permissions, and a link to it stays a link', async (t) => {
  const directory = temporaryFolder(t)
  const [path, link] = [join(directory, 'out.wav'), join(directory, 'link.wav')]
  fs.writeFileSync(path, 'before', { mode: 0o600 })
  fs.symlinkSync('out.wav', link)
  await writeAll(link, MONO, floatBytes([0.5]))
  t.true(fs.lstatSync(link).isSymbolicLink())
  t.is(fs.statSync(path).mode & 0o777, 0o600)
  t.is((await readAll(path)).frames, 1)
})

test('a path that cannot be written says why, and nothing is created', async (t) => {
  const directory = temporaryFolder(t)
  fs.symlinkSync('nowhere', join(directory, 'dangling'))
  fs.writeFileSync(join(directory, 'file'), '')
  execFileSync('mkfifo', [join(directory, 'fifo')])
  for (const [path, why] of [
    [join(directory, 'no/out.wav'), 'no such file or directory'],
    [join(directory, 'file/out.wav'), 'not a directory'],
    [directory, 'it is a directory'],
    [`${directory}/new/`, 'that is not the name of a file'],
    ['', 'that is not the name of a file'],
    [join(directory, 'dangling'), 'it is a symbolic link to a file that is not there'],
    [join(directory, 'x'.repeat(300)), 'name too long'],
    [join(directory, 'fifo'), /not a regular file/],
    ['/dev/null', /not a regular file, and the header can only be finished in one/],
  ] as const) {
    const message = typeof why === 'string' ? `cannot write ${path}: ${why}` : why
    await t.throwsAsync(() => WavWriter.create(path, MONO), {
      code: 'ERR_CARILLON_WAV_WRITE',
      message,
    })
  }
  t.deepEqual(fs.readdirSync(directory).sort(), ['dangling', 'fifo', 'file'])
})

test('a directory that goes away meanwhile is an error', async (t) => {
  const directory = temporaryFolder(t)
  const writer = await WavWriter.create(join(directory, 'out.wav'), MONO)
  fs.rmSync(directory, { recursive: true })
  await t.throwsAsync(() => writer.finish(), {
    ...{ code: 'ERR_CARILLON_WAV_WRITE', message: /no such file or directory$/ },
  })
  await writer.discard()
})

test('more than a WAV file can hold is refused before anything is created', async (t) => {
  const directory = temporaryFolder(t)
  const path = join(directory, 'out.wav')
  // 4 GiB - 1 less the header after the RIFF size and the pad byte, in frames of 2 bytes.
  const most = Math.floor((2 ** 32 - 1 - 36 - 1) / 2)
  await t.throwsAsync(() => WavWriter.create(path, MONO, most + 1), {
    ...{ code: 'ERR_CARILLON_WAV_TOO_LARGE', message: /2147483630 frames of 2 bytes .* 4 GiB/ },
  })
  t.deepEqual(fs.readdirSync(directory), [])
  const writer = await WavWriter.create(path, MONO, most)
  await writer.discard()
})

test('what cannot be a WAV file or whole frames is the caller’s mistake', async (t) => {
  const path = join(temporaryFolder(t), 'out.wav')
  for (const wrong of [
    ...[{ channels: 0 }, { channels: 9 }, { channels: 1.5 }],
    ...[{ sampleRateHz: 0 }, { sampleRateHz: 2 ** 32 }, { sampleFormat: 'f64' as SampleFormat }],
  ]) {
    const format = { ...MONO, ...wrong }
    await t.throwsAsync(() => WavWriter.create(path, format), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  const writer = await WavWriter.create(path, { ...MONO, channels: 2 })
  await t.throwsAsync(() => writer.write(new Uint8Array(12)), { code: 'ERR_CARILLON_ARGUMENT' })
  await writer.discard()
})
