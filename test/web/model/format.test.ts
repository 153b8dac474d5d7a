import test from 'ava'
import {
  formatBytes,
  formatChannels,
  formatCount,
  formatDbfs,
  formatDuration,
  formatHz,
  formatSession,
  formatShare,
  plural,
} from '../../../web/model/format.ts'

test('bytes have three digits and a unit', (t) => {
  const texts = [0, 1, 999, 1000, 1024, 65_536, 1024 ** 2 * 1.5, 1024 ** 4 * 5000].map(formatBytes)
  t.deepEqual(texts, [
    ...['0 B', '1 B', '999 B', '0.98 KiB', '1.00 KiB', '64.0 KiB', '1.50 MiB', '5000 TiB'],
  ])
})

test('rates of sampling read as people say them', (t) => {
  t.deepEqual([1, 8, 8000, 11_025, 44_100, 48_000, 768_000].map(formatHz), [
    ...['1 Hz', '8 Hz', '8 kHz', '11.025 kHz', '44.1 kHz', '48 kHz', '768 kHz'],
  ])
})

test('durations are clocks, with days where there are some', (t) => {
  t.deepEqual([0, 59.9, 61, 3600, 86_399, 86_400 * 3 + 3723].map(formatDuration), [
    ...['0:00:00', '0:00:59', '0:01:01', '1:00:00', '23:59:59', '3 d 1:02:03'],
  ])
})

test('levels have a decimal and a real minus sign', (t) => {
  t.is(formatDbfs(-6.02), '\u22126.0 dBFS')
  t.is(formatDbfs(1.26), '1.3 dBFS')
  t.is(formatDbfs(-0.0001), '0.0 dBFS')
  t.is(formatDbfs(Number.NEGATIVE_INFINITY), '\u2212∞ dBFS')
})

test('counts, shares, sessions and words', (t) => {
  t.is(formatCount(1_234_567), '1,234,567')
  t.is(formatShare(0.0712), '7.1 %')
  t.is(formatShare(0.931), '93 %')
  t.is(formatSession(0xab), '000000ab')
  t.is(formatSession(0xffff_ffff), 'ffffffff')
  t.is(plural(1, 'message'), '1 message')
  t.is(plural(1200, 'message'), '1,200 messages')
  t.deepEqual([1, 2, 6].map(formatChannels), ['mono', 'stereo', '6 channels'])
})
