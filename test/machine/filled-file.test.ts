import { spawnSync } from 'node:child_process'
import { openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PROGRAM = join(import.meta.dirname, 'guest/filled-file.js')
const MEBIBYTE = 2 ** 20
const PAGE_BYTES = 4096

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
  })
  const events = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { event: string; text: string })
  return { status, stderr, events }
}

test('a file is filled, and found as it was, with a line for each tenth', (t) => {
  const path = join(temporaryFolder(t), 'file')
  for (const [what, done] of [
    ['fill', 'filled'],
    ['check', 'checked'],
  ] as const) {
    const { status, stderr, events } = run(what, path, '12')
    t.is(status, 0, stderr)
    t.is(events.filter(({ event }) => event === 'progress').length, 10)
    t.deepEqual(events.at(-2), { event: 'progress', text: `12 of 12 MiB are ${done}` })
    t.deepEqual(events.at(-1), { event: what, text: '' })
  }
  const bytes = readFileSync(path)
  t.is(bytes.length, 12 * MEBIBYTE)
  const pages = new Set<string>()
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
    pages.add(bytes.toString('latin1', at, at + PAGE_BYTES))
  }
  t.is(pages.size, bytes.length / PAGE_BYTES)
})

test('a byte that is another one, and what is missing, are found', (t) => {
  const path = join(temporaryFolder(t), 'file')
  t.is(run('fill', path, '2').status, 0)
  const at = MEBIBYTE + 4100
  const wrong = (readFileSync(path)[at] ?? 0) ^ 1
  writeSync(openSync(path, 'r+'), Buffer.of(wrong), 0, 1, at)
  const { status, stderr, events } = run('check', path, '2')
  t.is(status, 1)
  t.true(stderr.includes(`byte ${at} of ${path} is ${wrong}, not ${wrong ^ 1}`), stderr)
  t.false(events.some(({ event }) => event === 'check'))
  truncateSync(path, at)
  t.true(run('check', path, '2').stderr.includes(`${path} ends after ${at} bytes`))
  t.true(run('fill', path, '2').stderr.includes('EEXIST'))
  t.true(run('fill', path, '0').stderr.includes('usage: '))
})
