import test from 'ava'
import { summaryLine } from '../../src/cli/summary-line.ts'

const REPORT = {
  ...{ frames: 68_640, sampleRateHz: 48_000, channels: 1, elapsedS: 0.12 },
  ...{ sampleFormat: 's16' as const },
  ...{ clipped: 0, notANumber: 0, roundTrips: { p50Ms: 0.8, p99Ms: 2.14 } },
}

test('the line tells duration, speed, round trips and losses', (t) => {
  t.is(
    summaryLine('out.wav', REPORT),
    'out.wav: 1.43 s of 48 kHz mono in 0.12 s (11.9x real time), round trip p50 0.8 ms p99 2.1 ms, 0 blocks lost',
  )
})

test('rates and channels are named as people do', (t) => {
  const named = (sampleRateHz: number, channels: number) =>
    /of (.*) in/.exec(summaryLine('out.wav', { ...REPORT, sampleRateHz, channels }))?.[1]
  t.is(named(44_100, 2), '44.1 kHz stereo')
  t.is(named(11_025, 6), '11.025 kHz 6-channel')
  t.is(named(500, 1), '500 Hz mono')
})

test('samples that did not fit are counted', (t) => {
  t.regex(
    summaryLine('out.wav', { ...REPORT, clipped: 1 }),
    /, 0 blocks lost, 1 sample clipped to fit s16 \(--format f32 keeps them\)$/,
  )
  t.regex(
    summaryLine('out.wav', { ...REPORT, clipped: 7, notANumber: 2 }),
    /, 7 samples clipped to fit s16 \(--format f32 keeps them\), 2 samples that were no numbers set to 0$/,
  )
})

test('a file without samples has no speed and no round trips', (t) => {
  const line = summaryLine('out.wav', { ...REPORT, frames: 0, roundTrips: undefined })
  t.is(line, 'out.wav: 0.00 s of 48 kHz mono in 0.12 s, 0 blocks lost')
})

test('short round trips keep their digits', (t) => {
  const roundTrips = { p50Ms: 0.043, p99Ms: 0.26 }
  t.regex(summaryLine('out.wav', { ...REPORT, roundTrips }), /p50 0\.04 ms p99 0\.3 ms/)
})

test('a name of a file cannot drive the terminal', (t) => {
  t.regex(summaryLine('a\n\u001b[31m.wav', REPORT), /^a \[31m\.wav: 1\.43 s/)
})
