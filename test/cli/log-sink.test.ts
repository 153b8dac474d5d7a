import { closeSync, openSync, readFileSync } from 'node:fs'
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

test('what was lost is counted once the log can be written again', (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'log')
  const fd = openSync(path, 'w')
  const sink = new LogSink(fd)
  closeSync(fd)
  sink.write('lost\n')
  sink.write('lost as well\n')
  // The same number again: the lowest that is free.
  const again = openSync(path, 'w')
  t.is(again, fd)
  sink.write('{"msg":"found"}\n')
  closeSync(again)
  const [note, line] = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
  t.is(note.lost, 2)
  t.is(line.msg, 'found')
})
