import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { LogSink } from '../../src/cli/log-sink.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('lines are written as they come', (t) => {
  const path = join(temporaryFolder(t), 'log')
  const fd = openSync(path, 'w')
  const sink = new LogSink(fd)
  sink.write('one\n')
  sink.write('two\n')
  closeSync(fd)
  t.is(readFileSync(path, 'utf8'), 'one\ntwo\n')
})

test('a log that cannot be written stops nobody', (t) => {
  // Always full.
  const fd = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(fd))
  const sink = new LogSink(fd)
  t.notThrows(() => {
    for (let line = 0; line < 100; line++) sink.write('a line\n')
  })
})

test('what was lost is counted once there is room again, and no line is glued to another', (t) => {
  const path = join(temporaryFolder(t), 'fifo')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  t.teardown(() => closeSync(fd))
  const sink = new LogSink(fd)
  const line = (fill: string, length: number) => `${JSON.stringify({ msg: fill.repeat(length) })}\n`
  sink.write(line('x', 60_000))
  // A pipe holds 65,536 bytes: of this a part, and of the next nothing.
  sink.write(line('y', 9_000))
  sink.write(line('z', 9_000))
  const buffer = Buffer.alloc(100_000)
  const first = buffer.toString('utf8', 0, readSync(fd, buffer))
  sink.write(line('a', 10))
  const second = buffer.toString('utf8', 0, readSync(fd, buffer))
  const [whole, torn, ...others] = (first + second).trimEnd().split('\n')
  t.is(JSON.parse(whole ?? '').msg.length, 60_000)
  t.throws(() => JSON.parse(torn ?? ''))
  const [note, last] = others.map((text) => JSON.parse(text))
  t.is(note.lost, 2)
  t.is(last.msg, 'a'.repeat(10))
})
