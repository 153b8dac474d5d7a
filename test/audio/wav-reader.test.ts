import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { FileSource } from '../../src/audio/file-source.ts'
import { WavReader } from '../../src/audio/wav-reader.ts'
import { needsTool } from '../support/needs-tool.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { chunk, extension, floatsOf, formatFields, pcm16, riff } from '../support/wav-bytes.ts'
import { readAll, SPEECH, SPEECH_INSTALL } from '../support/wav-files.ts'

function fileOf(t: ExecutionContext, bytes: Uint8Array): string {
  const path = join(temporaryFolder(t), 'in.wav')
  writeFileSync(path, bytes)
  return path
}

/** The file is refused with this code, and the sentence names it and says this. */
async function refused(t: ExecutionContext, bytes: Uint8Array, code: string, says: RegExp) {
  const path = fileOf(t, bytes)
  const error = await t.throwsAsync(() => readAll(path), { code: `ERR_CARILLON_WAV_${code}` })
  t.true(error.message.includes(path), error.message)
  t.regex(error.message, says)
}

const FMT = chunk('fmt ', formatFields())
const DATA = chunk('data', Buffer.from('0040 00c0'.replace(' ', ''), 'hex'))

for (const path of SPEECH) {
  needsTool(
    test,
    path,
    SPEECH_INSTALL,
  )(`recorded speech is read as its samples: ${path}`, async (t) => {
    const { format, frames, samples } = await readAll(path, 777)
    t.deepEqual(format, {
      ...{ sampleFormat: 's16', channels: 1, sampleRateHz: 48_000, channelMask: undefined },
    })
    const stored = readFileSync(path).subarray(44)
    t.is(frames, stored.length / 2)
    t.true(frames > 48_000)
    const expected = Float32Array.from(
      { length: frames },
      (_, i) => stored.readInt16LE(i * 2) / 2 ** 15,
    )
    t.true(samples.equals(Buffer.from(expected.buffer)))
  })
}

test('chunks come in any order, odd ones padded, unknown ones skipped', async (t) => {
  const odd = chunk('odd!', Buffer.alloc(3, 0xee))
  const list = chunk('LIST', Buffer.from('INFOabc'))
  for (const bytes of [
    riff(FMT, DATA),
    riff(DATA, FMT),
    riff(odd, FMT, list, odd, DATA, list),
    riff(list, DATA, odd, FMT),
    riff(chunk('fact', Buffer.alloc(4)), FMT, chunk('JUNK', Buffer.alloc(0)), DATA),
  ]) {
    const { frames, samples } = await readAll(fileOf(t, bytes))
    t.is(frames, 2)
    t.deepEqual(floatsOf(samples), [0.5, -0.5])
  }
})

test('samples of an odd number of bytes, with and without the pad byte', async (t) => {
  const fmt = chunk('fmt ', formatFields({ bits: 24 }))
  const data = Buffer.from('000040', 'hex')
  for (const bytes of [
    riff(fmt, chunk('data', data)),
    riff(fmt, chunk('data', data, false)),
    riff(chunk('data', data), fmt),
  ]) {
    t.deepEqual(floatsOf((await readAll(fileOf(t, bytes))).samples), [0.5])
  }
})

test('the extensible form tells the channels, whatever order and size its parts have', async (t) => {
  const extra = extension(3, 32, 0x3f)
  const fmt = formatFields({ tag: 0xfffe, channels: 6, bits: 32, sampleRateHz: 44_100, extra })
  const { format } = await readAll(
    fileOf(t, riff(chunk('fmt ', fmt), chunk('data', Buffer.alloc(48)))),
  )
  t.deepEqual(format, {
    ...{ sampleFormat: 'f32', channels: 6, sampleRateHz: 44_100, channelMask: 0x3f },
  })
})

test('fewer valid bits than stored ones are read as what is stored', async (t) => {
  const fmt = formatFields({ tag: 0xfffe, bits: 32, extra: extension(1, 24, 4) })
  const data = Buffer.alloc(4)
  data.writeInt32LE(-0x400000 << 8)
  const { format, samples } = await readAll(
    fileOf(t, riff(chunk('fmt ', fmt), chunk('data', data))),
  )
  t.is(format.sampleFormat, 's32')
  t.deepEqual(floatsOf(samples), [-0.5])
})

test('any sample rate and up to 8 channels', async (t) => {
  for (const sampleRateHz of [1, 8000, 11_025, 384_000, 2 ** 32 - 1]) {
    t.is((await readAll(fileOf(t, pcm16([0], { sampleRateHz })))).format.sampleRateHz, sampleRateHz)
  }
  for (let channels = 1; channels <= 8; channels++) {
    const read = await readAll(fileOf(t, pcm16(new Array(channels * 3).fill(7), { channels })))
    t.is(read.format.channels, channels)
    t.is(read.frames, 3)
  }
})

test('a file without samples has no blocks', async (t) => {
  const { frames, samples } = await readAll(fileOf(t, pcm16([])))
  t.is(frames, 0)
  t.is(samples.length, 0)
})

test('blocks of any size make up the same samples', async (t) => {
  // More than what is read at once, in frames that do not divide it.
  const values = Array.from({ length: 3 * 70_000 }, (_, i) => (i * 7919) % 32_768)
  const fmt = formatFields({ channels: 3, bits: 16 })
  const data = Buffer.from(Int16Array.from(values).buffer)
  const path = fileOf(t, riff(chunk('fmt ', fmt), chunk('data', data)))
  const whole = (await readAll(path, 70_000)).samples
  t.is(whole.length, values.length * 4)
  for (const frames of [1023, 4096, 65_536, 1_000_000]) {
    t.true((await readAll(path, frames)).samples.equals(whole), `${frames} frames`)
  }
})

test('RF64 and BW64 files tell their size in the ds64 chunk', async (t) => {
  const ds64 = Buffer.alloc(28)
  ds64.writeBigUInt64LE(4n, 8)
  const data = Buffer.concat([DATA])
  data.writeUInt32LE(0xffff_ffff, 4)
  for (const id of ['RF64', 'BW64']) {
    const bytes = riff(chunk('ds64', ds64), FMT, data)
    bytes.write(id, 0, 'latin1')
    bytes.writeUInt32LE(0xffff_ffff, 4)
    t.deepEqual(floatsOf((await readAll(fileOf(t, bytes))).samples), [0.5, -0.5])
  }
  const cut = Buffer.concat([
    Buffer.from('RF64ffffWAVE'),
    chunk('ds64', Buffer.alloc(8)),
    FMT,
    data,
  ])
  await refused(t, cut, 'INVALID', /ds64 chunk has 8 bytes/)
  const short = Buffer.concat([Buffer.from('RF64ffffWAVE'), chunk('ds64', ds64), FMT, data])
  await refused(t, short.subarray(0, -1), 'TRUNCATED', /says 4 bytes of samples and 3 are there/)
})

test('what is not a WAV file is refused as that', async (t) => {
  await refused(t, Buffer.alloc(0), 'NOT_WAV', /it is empty/)
  await refused(t, Buffer.from('ID3\u0003 an MP3 file'), 'NOT_WAV', /starts with bytes 49 44 33 03/)
  await refused(t, chunk('RIFF', Buffer.from('AVI LIST')), 'NOT_WAV', /form is bytes 41 56 49 20/)
  await refused(t, Buffer.from('RIFX....WAVE'), 'UNSUPPORTED', /big-endian/)
})

test('a WAV file with parts missing or contradictory is refused', async (t) => {
  await refused(t, riff(DATA), 'INVALID', /no fmt chunk/)
  await refused(t, riff(FMT), 'INVALID', /no data chunk/)
  await refused(t, riff(chunk('fmt ', Buffer.alloc(14)), DATA), 'INVALID', /14 bytes where 16/)
  const many = new Array(2000).fill(chunk('JUNK', Buffer.alloc(0)))
  await refused(t, riff(...many, FMT, DATA), 'INVALID', /first 1024 chunks/)
  for (const [fields, says] of [
    [{ channels: 0 }, /0 channels/],
    [{ sampleRateHz: 0 }, /sample rate is 0/],
    [{ blockAlign: 4 }, /4 bytes a frame where 1 x 16 bits are 2/],
    [{ blockAlign: 0 }, /0 bytes a frame/],
    [{ tag: 0xfffe }, /lacks the extension/],
    [{ tag: 0xfffe, extra: extension(1, 16, 0).subarray(0, 20) }, /lacks the extension/],
    [{ tag: 0xfffe, extra: extension(1, 24, 0) }, /24 valid bits in samples of 16/],
  ] as const) {
    await refused(t, riff(chunk('fmt ', formatFields(fields)), DATA), 'INVALID', says)
  }
})

test('a WAV file of another kind is refused by the name of what it holds', async (t) => {
  const ambisonic = extension(1, 16, 0)
  ambisonic.write('2107d311', 12, 'hex')
  for (const [fields, says] of [
    [{ bits: 8 }, /8-bit PCM; supported are PCM of 16, 24 or 32 bits and IEEE float/],
    [{ bits: 12, blockAlign: 2 }, /12-bit PCM/],
    [{ bits: 0, blockAlign: 0 }, /0-bit PCM/],
    [{ tag: 3, bits: 16 }, /16-bit IEEE float/],
    [{ tag: 6, bits: 8 }, /8-bit A-law/],
    [{ tag: 7, bits: 8 }, /8-bit mu-law/],
    [{ tag: 0x11, bits: 4, blockAlign: 256 }, /4-bit IMA ADPCM/],
    [{ tag: 0x1234 }, /format tag 0x1234/],
    [{ channels: 9 }, /9 channels; supported .* 1 to 8 channels/],
    [{ tag: 0xfffe, extra: ambisonic }, /sub-format 01000000/],
    [{ tag: 0xfffe, bits: 8, extra: extension(6, 8, 0) }, /8-bit A-law/],
  ] as const) {
    await refused(t, riff(chunk('fmt ', formatFields(fields)), DATA), 'UNSUPPORTED', says)
  }
})

test('a file that is cut off is refused as that', async (t) => {
  await refused(
    t,
    riff(FMT, DATA).subarray(0, -1),
    'TRUNCATED',
    /4 bytes of samples and 3 are there/,
  )
  await refused(t, riff(FMT, chunk('data', Buffer.alloc(3))), 'TRUNCATED', /whole number of frames/)
  const unfinished = riff(FMT, DATA)
  unfinished.writeUInt32LE(0, 4)
  unfinished.writeUInt32LE(0, unfinished.length - 8)
  await refused(t, unfinished, 'TRUNCATED', /header was never finished/)
  const piped = riff(FMT, DATA)
  piped.writeUInt32LE(0xffff_ffff, piped.length - 8)
  await refused(t, piped, 'TRUNCATED', /written to a pipe/)
})

const SMALL_FILES = {
  plain: pcm16([1, 2, 3, 4, 5]),
  'extensible, float, with other chunks': riff(
    chunk('LIST', Buffer.from('INFOabc')),
    chunk('fmt ', formatFields({ tag: 0xfffe, bits: 32, extra: extension(3, 32, 4) })),
    chunk('data', Buffer.alloc(12, 0x3c)),
  ),
  'samples before their format': riff(DATA, FMT),
}

for (const [name, bytes] of Object.entries(SMALL_FILES)) {
  test(`cut after any byte, a file is refused: ${name}`, async (t) => {
    await readAll(fileOf(t, bytes))
    for (let length = 0; length < bytes.length; length++) {
      const code = length === 0 ? 'NOT_WAV' : 'TRUNCATED'
      await refused(t, bytes.subarray(0, length), code, /./)
    }
  })
}

test('cut after any byte past its samples, a file gives the same samples', async (t) => {
  const whole = riff(FMT, DATA, chunk('LIST', Buffer.from('INFOabc')))
  for (let length = riff(FMT, DATA).length; length <= whole.length; length++) {
    const { samples } = await readAll(fileOf(t, whole.subarray(0, length)))
    t.deepEqual(floatsOf(samples), [0.5, -0.5])
  }
})

test('no bytes crash it: each file is read or refused', async (t) => {
  const path = fileOf(t, Buffer.alloc(0))
  const damage = fc.array(fc.tuple(fc.nat(70), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
  const files = Object.values(SMALL_FILES)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), damage, async (file, changes) => {
      const bytes = Buffer.from(file)
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
      writeFileSync(path, bytes)
      await readAll(path).then(
        ({ format, frames, samples }) => t.is(samples.length, frames * format.channels * 4),
        (error) => t.regex(error.code, /^ERR_CARILLON_WAV_/),
      )
    }),
    { numRuns: 500 },
  )
})

test('a path that cannot be read says why', async (t) => {
  const directory = temporaryFolder(t)
  const missing = join(directory, 'no.wav')
  await t.throwsAsync(() => WavReader.open(missing), {
    code: 'ERR_CARILLON_WAV_READ',
    message: `cannot read ${missing}: no such file or directory`,
  })
  const folder = join(directory, 'folder')
  mkdirSync(folder)
  await t.throwsAsync(() => WavReader.open(folder), {
    code: 'ERR_CARILLON_WAV_READ',
    message: `cannot read ${folder}: it is a directory`,
  })
  await t.throwsAsync(() => WavReader.open('/dev/null'), {
    code: 'ERR_CARILLON_WAV_READ',
    message: 'cannot read /dev/null: it is not a regular file',
  })
  const fifo = join(directory, 'fifo')
  execFileSync('mkfifo', [fifo])
  await t.throwsAsync(() => WavReader.open(fifo), { message: /it is not a regular file/ })
})

test('a file that becomes shorter while it is read is refused then', async (t) => {
  const path = fileOf(t, pcm16(new Array(400_000).fill(1)))
  const reader = await WavReader.open(path)
  t.teardown(() => reader.close())
  await reader.read(1000)
  truncateSync(path, 300_000)
  await t.throwsAsync(
    async () => {
      for await (const _ of reader.blocks(1000));
    },
    { code: 'ERR_CARILLON_WAV_TRUNCATED', message: /became shorter/ },
  )
})

test('a file of more than 4 GiB is read in little memory', async (t) => {
  // A sparse file: nothing of its samples is on the disk.
  const ds64 = Buffer.alloc(28)
  const dataBytes = 5 * 2 ** 30
  ds64.writeBigUInt64LE(BigInt(dataBytes), 8)
  const data = Buffer.from('data\xff\xff\xff\xff', 'latin1')
  const header = Buffer.concat([
    Buffer.from('RF64\xff\xff\xff\xffWAVE', 'latin1'),
    chunk('ds64', ds64),
    FMT,
    data,
  ])
  const path = fileOf(t, header)
  truncateSync(path, header.length + dataBytes)
  const reader = await WavReader.open(path)
  t.teardown(() => reader.close())
  t.is(reader.frames, dataBytes / 2)
  t.is((await reader.read(1000))?.length, 4000)
})

test('a block size that is none is the caller’s mistake', async (t) => {
  const reader = await WavReader.open(fileOf(t, pcm16([1, 2, 3])))
  t.teardown(() => reader.close())
  for (const frames of [0, -1, 1.5, Number.NaN]) {
    await t.throwsAsync(() => reader.read(frames), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

/** A stream of these bytes in pieces of `size`. */
function streamOf(bytes: Uint8Array, size = bytes.length): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    Buffer.from(bytes.subarray(i * size, (i + 1) * size)),
  )
  return Readable.from(pieces, { objectMode: false })
}

async function readStream(stream: Readable, blockFrames = 1000) {
  const reader = await WavReader.openStream(stream, 'the pipe')
  try {
    const blocks: Uint8Array[] = []
    for await (const block of reader.blocks(blockFrames)) blocks.push(block)
    return { frames: reader.frames, samples: Buffer.concat(blocks) }
  } finally {
    await reader.close()
  }
}

test('a stream gives what the file gives, however it is cut', async (t) => {
  const list = chunk('LIST', Buffer.from('INFOabc'))
  const values = Array.from({ length: 2500 }, (_, i) => (i * 7919) % 32_768)
  const data = chunk('data', Buffer.from(Int16Array.from(values).buffer))
  for (const bytes of [
    pcm16(values),
    riff(list, FMT, chunk('fact', Buffer.alloc(4)), data, list),
  ]) {
    const { frames, samples } = await readAll(fileOf(t, bytes))
    for (const size of [1, 7, 44, 4096, bytes.length]) {
      const stream = streamOf(bytes, size)
      t.deepEqual(await readStream(stream), { frames, samples }, `pieces of ${size}`)
      t.true(stream.destroyed)
    }
  }
})

for (const [what, riffBytes, dataBytes] of [
  ['as ffmpeg leaves them', 0xffff_ffff, 0xffff_ffff],
  ['as sox leaves them', 0x7fff_f024, 0x7fff_f000],
  ['as arecord leaves them', 0x7fff_ff24, 0x7fff_ff00],
  ['of 0', 0, 0],
  ['of which one is 0', 0xffff_ffff, 0],
] as const) {
  test(`a stream with sizes ${what} goes on to its end`, async (t) => {
    const bytes = riff(FMT, DATA)
    bytes.writeUInt32LE(riffBytes, 4)
    bytes.writeUInt32LE(dataBytes, bytes.length - 8)
    const { frames, samples } = await readStream(streamOf(bytes))
    t.is(frames, Number.POSITIVE_INFINITY)
    t.deepEqual(floatsOf(samples), [0.5, -0.5])
    await t.throwsAsync(readStream(streamOf(bytes.subarray(0, -1))), {
      code: 'ERR_CARILLON_WAV_TRUNCATED',
      message:
        'the pipe is cut off: its 3 bytes of samples are not a whole number of frames of 2 bytes',
    })
  })
}

test('sizes that a file may have are taken for what they say', async (t) => {
  for (const dataBytes of [0x7fff_0000, 0x8000_0002, 0xfffe_fffe]) {
    const bytes = riff(FMT, DATA)
    bytes.writeUInt32LE(dataBytes, bytes.length - 8)
    await t.throwsAsync(readStream(streamOf(bytes)), {
      code: 'ERR_CARILLON_WAV_TRUNCATED',
      message: `the pipe is cut off: its header says ${dataBytes} bytes of samples and 4 are there`,
    })
  }
})

test('no samples, and something after them, are no samples', async (t) => {
  const bytes = riff(FMT, chunk('data', Buffer.alloc(0)), chunk('LIST', Buffer.from('INFOabcd')))
  t.deepEqual(await readStream(streamOf(bytes)), { frames: 0, samples: Buffer.alloc(0) })
})

for (const [name, bytes] of Object.entries(SMALL_FILES)) {
  test(`cut after any byte, a stream is refused: ${name}`, async (t) => {
    for (let length = 0; length < bytes.length; length++) {
      const error = await t.throwsAsync(readStream(streamOf(bytes.subarray(0, length), 5)))
      t.regex(error.message, /^the pipe /)
    }
  })
}

test('samples before their format cannot be read from a stream', async (t) => {
  await t.throwsAsync(readStream(streamOf(riff(DATA, FMT))), {
    code: 'ERR_CARILLON_WAV_UNSUPPORTED',
    message: /^the pipe has its samples before its fmt chunk/,
  })
})

test('what the system says about a stream or a file is the error', async (t) => {
  const broken = new Readable({ read: () => {} })
  const reading = readStream(broken)
  broken.destroy(Object.assign(new Error('EIO: i/o error, read'), { errno: -5 }))
  await t.throwsAsync(reading, {
    code: 'ERR_CARILLON_WAV_READ',
    message: 'cannot read the pipe: i/o error',
  })
  const path = fileOf(t, pcm16([1]))
  const file = await open(path)
  await file.close()
  await t.throwsAsync(FileSource.of(file, path), {
    code: 'ERR_CARILLON_WAV_READ',
    message: `cannot read ${path}: file closed`,
  })
})
