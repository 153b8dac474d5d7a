import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import test from 'ava'
import { LiveScreen } from '../../src/cli/live-screen.ts'

/** A terminal of this size, by what is written to it. */
function terminal(columns: number, rows: number) {
  const stream = Object.assign(new PassThrough(), {
    ...{ isTTY: true, columns, rows, isRaw: false },
    setRawMode(isRaw: boolean) {
      stream.isRaw = isRaw
      return stream
    },
  })
  return stream
}

function newScreen(columns = 20, rows = 3) {
  const output = terminal(columns, rows)
  const keys = terminal(columns, rows)
  const written = () => String(output.read() ?? '')
  const screen = new LiveScreen(
    output as unknown as NodeJS.WriteStream,
    keys as unknown as NodeJS.ReadStream,
  )
  return { output, keys, screen, written }
}

test('what is shown takes the place of what was, and the terminal is given back', (t) => {
  const { keys, screen, written } = newScreen()
  t.is(written(), '\x1b[?1049h\x1b[?25l')
  t.true(keys.isRaw)
  screen.show(['one', 'two'])
  t.is(written(), '\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J')
  screen.close()
  t.is(written(), '\x1b[?25h\x1b[?1049l')
  t.false(keys.isRaw)
  screen.close()
  t.is(written(), '', 'once')
})

test('what is too long or too many is cut, and drawn anew where the size changes', (t) => {
  const { output, screen, written } = newScreen(5, 3)
  written()
  screen.show(['123456', 'b', 'c', 'd'])
  t.is(written(), '\x1b[H12345\x1b[K\r\nb\x1b[K\r\n(2 li\x1b[K\x1b[J')
  Object.assign(output, { columns: 20, rows: 4 })
  output.emit('resize')
  t.is(written(), '\x1b[H123456\x1b[K\r\nb\x1b[K\r\nc\x1b[K\r\nd\x1b[K\x1b[J')
  screen.close()
})

test('a terminal that does not say its size is of the usual one', (t) => {
  const { screen, written } = newScreen(0, 0)
  written()
  t.is(screen.columns, 80)
  screen.show(Array.from({ length: 30 }, () => 'x'.repeat(100)))
  const lines = written().split('\r\n')
  t.is(lines.length, 24)
  t.true(lines[0]?.startsWith(`\x1b[H${'x'.repeat(80)}\x1b[K`))
  screen.close()
})

test('q ends, other keys do not, and neither does a terminal that is gone go on', async (t) => {
  const { keys, screen } = newScreen()
  const key = once(keys, 'data')
  keys.write('x')
  await key
  t.false(screen.quit.aborted)
  const ended = once(screen.quit, 'abort')
  keys.write('q')
  await ended
  screen.close()
  const other = newScreen()
  other.output.emit('error', new Error('gone'))
  t.true(other.screen.quit.aborted)
  other.screen.close()
})

test('Ctrl-C is the signal that it is elsewhere', async (t) => {
  const { keys, screen } = newScreen()
  const interrupted = once(process, 'SIGINT')
  // To wait for a signal does not keep a process alive.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(alive))
  keys.write('\x03')
  await interrupted
  t.false(screen.quit.aborted)
  screen.close()
})
