import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { carillon } from '../support/carillon-command.ts'
import { type ServingProcess, startServer } from '../support/carillon-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { chunk, formatFields, riff } from '../support/wav-bytes.ts'
import { SPEECH } from '../support/wav-files.ts'

/** No multiple of any block. */
const FRAMES = 3001

/** Every bit pattern equally likely, the same ones each time. */
function randomBytes(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

function randomWav(tag: number, bits: number, channels: number, sampleRateHz: number): Buffer {
  const data = randomBytes((FRAMES * channels * bits) / 8, bits * 100 + channels)
  const format = formatFields({ tag, bits, channels, sampleRateHz })
  return riff(chunk('fmt ', format), chunk('data', data))
}

/** The content of the data chunk. */
function dataOf(wav: Buffer): Buffer {
  const at = wav.indexOf('data') + 8
  return wav.subarray(at, at + wav.readUInt32LE(at - 4))
}

/** Sends a file through the server with no effect and gives back what was written. */
async function passed(t: ExecutionContext, server: ServingProcess, wav: Buffer): Promise<Buffer> {
  const folder = temporaryFolder(t)
  const [input, output] = [join(folder, 'in.wav'), join(folder, 'out.wav')]
  writeFileSync(input, wav)
  const { code, stderr } = await carillon(t, 'process', input, output, '--server', server.address)
  t.is(code, 0, stderr)
  return readFileSync(output)
}

const FORMATS = [
  { name: '16-bit PCM', tag: 1, bits: 16 },
  { name: '24-bit PCM', tag: 1, bits: 24 },
  { name: 'float', tag: 3, bits: 32 },
]
const RATES_HZ = [8000, 11025, 22050, 44100, 48000, 96000, 192000, 1]

for (const { name, tag, bits } of FORMATS) {
  test(`with no effect ${name} comes back bit for bit, of any rate and number of channels`, async (t) => {
    const server = await startServer(t)
    for (const [index, sampleRateHz] of RATES_HZ.entries()) {
      const wav = randomWav(tag, bits, index + 1, sampleRateHz)
      const output = await passed(t, server, wav)
      t.deepEqual(dataOf(output), dataOf(wav), `${index + 1} channels, ${sampleRateHz} Hz`)
    }
  })
}

test('with no effect 32-bit PCM comes back within one step of a float', async (t) => {
  const server = await startServer(t)
  const wav = randomWav(1, 32, 2, 48000)
  const [before, after] = [dataOf(wav), dataOf(await passed(t, server, wav))]
  t.is(after.length, before.length)
  for (let at = 0; at < before.length; at += 4) {
    const sample = before.readInt32LE(at)
    const step = 2 ** Math.max(0, Math.floor(Math.log2(Math.abs(sample) || 1)) - 23)
    t.true(Math.abs(after.readInt32LE(at) - sample) <= step, `${sample} at ${at}`)
  }
})

test('speech comes back as the same file, also without a server of its own', async (t) => {
  const folder = temporaryFolder(t)
  for (const [index, speech] of SPEECH.entries()) {
    const output = join(folder, `${index}.wav`)
    const { code, stdout, stderr } = await carillon(t, 'process', speech, output)
    t.is(code, 0, stderr)
    t.regex(stdout, /0 blocks lost/)
    t.deepEqual(readFileSync(output), readFileSync(speech))
  }
})

test('a file without frames comes back without frames', async (t) => {
  const server = await startServer(t)
  const wav = riff(chunk('fmt ', formatFields()), chunk('data', Buffer.alloc(0)))
  t.is(dataOf(await passed(t, server, wav)).length, 0)
})
