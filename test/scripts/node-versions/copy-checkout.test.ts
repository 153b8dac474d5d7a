import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { copyCheckout } = await importScript<{ copyCheckout(root: string, target: string): void }>(
  'node-versions/copy-checkout.mjs',
)

/** A git checkout with these files, and where it is copied to. */
function checkout(t: ExecutionContext, files: Record<string, string>) {
  const root = temporaryFolder(t)
  const target = temporaryFolder(t)
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  for (const [file, text] of Object.entries(files)) write(file, text)
  execFileSync('git', ['init', '-q'], { cwd: root })
  execFileSync('git', ['add', '-A'], { cwd: root })
  return { root, target, write, copied: (file: string) => join(target, file) }
}

test('tracked and new files are copied, ignored ones are not', (t) => {
  const { root, target, write, copied } = checkout(t, { '.gitignore': 'dist/\n', 'src/a.ts': 'a' })
  write('src/new.ts', 'new')
  write('dist/src/a.js', 'built')
  copyCheckout(root, target)
  t.is(readFileSync(copied('src/a.ts'), 'utf8'), 'a')
  t.is(readFileSync(copied('src/new.ts'), 'utf8'), 'new')
  t.false(existsSync(copied('dist')))
})

test('a script stays executable', (t) => {
  const { root, target, copied } = checkout(t, {})
  writeFileSync(join(root, 'run'), '#!/bin/sh\n', { mode: 0o755 })
  copyCheckout(root, target)
  t.is(statSync(copied('run')).mode & 0o111, 0o111)
})

test('a second copy follows edits and deletions, and leaves alone what was built there', (t) => {
  const { root, target, write, copied } = checkout(t, { 'a.ts': 'a', 'b.ts': 'b', 'c.ts': 'c' })
  copyCheckout(root, target)
  mkdirSync(copied('node_modules'))
  const untouched = statSync(copied('c.ts')).mtimeMs
  write('a.ts', 'edited')
  rmSync(join(root, 'b.ts'))
  copyCheckout(root, target)
  t.is(readFileSync(copied('a.ts'), 'utf8'), 'edited')
  t.false(existsSync(copied('b.ts')))
  t.true(existsSync(copied('node_modules')))
  t.is(statSync(copied('c.ts')).mtimeMs, untouched)
})

test('a file that became a folder, and a folder that became a file, are followed', (t) => {
  const { root, target, write, copied } = checkout(t, { a: 'file', 'b/c/d': 'in a folder' })
  copyCheckout(root, target)
  writeFileSync(copied('b/built.o'), 'built')
  rmSync(join(root, 'a'))
  rmSync(join(root, 'b'), { recursive: true })
  write('a/in/it', 'in a folder now')
  write('b', 'file now')
  copyCheckout(root, target)
  t.is(readFileSync(copied('a/in/it'), 'utf8'), 'in a folder now')
  t.is(readFileSync(copied('b'), 'utf8'), 'file now')
  copyCheckout(root, target)
  t.deepEqual(readdirSync(target).sort(), ['.copied-files', 'a', 'b'])
})

test('what a copy that was broken off has left is in nobody’s way', (t) => {
  const { root, target, copied } = checkout(t, { 'a/b/c': 'c', d: 'd' })
  // Neither is in the list of what was copied.
  writeFileSync(copied('a'), 'left')
  mkdirSync(copied('d'))
  // This is, and lies below a file.
  writeFileSync(copied('.copied-files'), 'a/gone')
  copyCheckout(root, target)
  t.is(readFileSync(copied('a/b/c'), 'utf8'), 'c')
  t.is(readFileSync(copied('d'), 'utf8'), 'd')
})

test('a change of the mode alone is followed, and the file is not written', (t) => {
  const { root, target, copied } = checkout(t, { run: '#!/bin/sh\n' })
  copyCheckout(root, target)
  const written = statSync(copied('run')).mtimeMs
  for (const mode of [0o755, 0o644]) {
    chmodSync(join(root, 'run'), mode)
    copyCheckout(root, target)
    t.is(statSync(copied('run')).mode & 0o777, mode)
    t.is(statSync(copied('run')).mtimeMs, written)
  }
})
