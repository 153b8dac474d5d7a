import { PassThrough } from 'node:stream'
import test from 'ava'
import { ProgressBar } from '../../src/cli/progress-bar.ts'

function terminal(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 })
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    written: () => String(stream.read() ?? ''),
  }
}

test('a terminal gets a bar, and its line back', (t) => {
  const { stream, written } = terminal(true)
  const bar = new ProgressBar(stream)
  bar.update(50, 200)
  bar.stop()
  const shown = written()
  t.regex(shown, /█.*░.* 25% /)
  // ESC [ 0 K takes away what is right of the cursor.
  t.true(shown.lastIndexOf('\u001b[0K') > shown.lastIndexOf('25%'), JSON.stringify(shown))
})

test('anything else gets nothing', (t) => {
  const { stream, written } = terminal(false)
  const bar = new ProgressBar(stream)
  bar.update(50, 200)
  bar.stop()
  t.is(written(), '')
})

test('a bar that never began leaves nothing', (t) => {
  const { stream, written } = terminal(true)
  new ProgressBar(stream).stop()
  t.is(written(), '')
})
