import test from 'ava'
import { SampleHistory } from '../../../web/model/sample-history.ts'

const read = (history: SampleHistory, channel: number) =>
  Array.from({ length: history.newest - history.oldest }, (_, i) =>
    history.at(channel, history.oldest + i),
  )

test('interleaved samples are kept by channel, the newest as many as fit', (t) => {
  const history = new SampleHistory(4, 2, 1)
  history.append(Float32Array.of(1, -1, 2, -2, 3, -3))
  t.deepEqual(read(history, 0), [1, 2, 3])
  t.deepEqual(read(history, 1), [-1, -2, -3])
  history.append(Float32Array.of(4, -4, 5, -5))
  t.is(history.oldest, 1)
  t.deepEqual(read(history, 0), [2, 3, 4, 5])
})

test('a piece longer than the history leaves its end', (t) => {
  const history = new SampleHistory(4, 1, 1)
  history.append(Float32Array.from({ length: 11 }, (_, i) => i))
  t.is(history.newest, 11)
  t.deepEqual(read(history, 0), [7, 8, 9, 10])
})

test('what is missing takes its time, and reads as not a number', (t) => {
  const history = new SampleHistory(4, 1, 1)
  history.append(Float32Array.of(1, 2))
  history.appendGap(1)
  history.append(Float32Array.of(4))
  t.deepEqual(read(history, 0), [1, 2, Number.NaN, 4])
  history.appendGap(1_000_000)
  t.is(history.newest, 1_000_004)
  t.deepEqual(read(history, 0), [Number.NaN, Number.NaN, Number.NaN, Number.NaN])
})

test('whatever the rate and the channels, it stays small', (t) => {
  const history = new SampleHistory(768_000, 8, 1.25)
  t.true(history.capacity * 8 <= 1024 * 1024)
  t.is(new SampleHistory(1, 1, 0.1).capacity, 2)
})
