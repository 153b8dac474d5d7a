import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { importScript, REPOSITORY } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { missingToolsSentence } = await importScript<{
  missingToolsSentence(names: string[], asRoot: boolean): string
}>('setup/tools.mjs')

/** A checkout with nothing set up, where PATH is all that the set-up could find tools in. */
function checkoutWithPath(t: ExecutionContext) {
  const root = temporaryFolder(t)
  cpSync(join(REPOSITORY, 'scripts'), join(root, 'scripts'), { recursive: true })
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json']) {
    cpSync(join(REPOSITORY, file), join(root, file))
  }
  const path = join(root, 'path')
  mkdirSync(path)
  symlinkSync(process.execPath, join(path, 'node'))
  const addTools = (names: string[], script: string) => {
    for (const name of names) {
      writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    }
  }
  const run = (script: string) =>
    spawnSync(process.execPath, [join(root, 'scripts', script)], {
      // Without CC, CXX and PYTHON, which may name tools elsewhere.
      env: { PATH: path },
      encoding: 'utf8',
    })
  return { root, addTools, run }
}

test('the sentence says what is missing, what for, and the command', (t) => {
  t.is(
    missingToolsSentence(['make', 'g++', 'python3'], false),
    "Carillon's set-up needs make (it builds the firmware and the native addons), g++ (it compiles the native addons) and python3 (node-gyp runs on it to build the native addons), not found in PATH; to install: sudo apt-get install build-essential python3",
  )
})

test('root is not told to use sudo', (t) => {
  t.regex(missingToolsSentence(['npm'], true), /; to install: apt-get install npm$/)
})

test('with no tool at all, the set-up names every one and fails before it starts', (t) => {
  const { status, stdout, stderr } = checkoutWithPath(t).run('setup.mjs')
  t.is(status, 1)
  t.is(stdout, '')
  for (const tool of ['npm', 'make', 'g++', 'python3']) t.true(stderr.includes(`${tool} (`), stderr)
  t.regex(stderr, /apt-get install npm build-essential python3\n$/)
})

test('only the tool that is missing is named', (t) => {
  const { addTools, run } = checkoutWithPath(t)
  addTools(['npm', 'make', 'cc', 'python3'], 'exit 1')
  const { status, stderr } = run('setup.mjs')
  t.is(status, 1)
  t.regex(
    stderr,
    /^Carillon's set-up needs g\+\+ \(it compiles the native addons\), not found in PATH/,
  )
})

test('npm test without its tools closes with one failure', (t) => {
  const { status, stdout, stderr } = checkoutWithPath(t).run('test.mjs')
  t.is(status, 1)
  t.is(stdout, '0 passed, 1 failed\n')
  t.regex(stderr, /set-up needs/)
})

test('a failing npm is shown, and then the sentence', (t) => {
  const { addTools, run } = checkoutWithPath(t)
  addTools(['npm', 'make', 'cc', 'g++', 'python3'], 'echo "npm error ENOTFOUND" >&2; exit 1')
  const { status, stderr } = run('setup.mjs')
  t.is(status, 1)
  t.regex(stderr, /^Installing the dependencies \(npm ci\)…\nnpm error ENOTFOUND\n\nnpm ci failed/)
})

test('the folder at the end of a linked node_modules is left alone', (t) => {
  const { root, addTools, run } = checkoutWithPath(t)
  addTools(['npm', 'make', 'cc', 'g++', 'python3'], 'exit 1')
  mkdirSync(join(root, 'elsewhere'))
  symlinkSync(join(root, 'elsewhere'), join(root, 'node_modules'))
  const { status, stderr } = run('setup.mjs')
  t.is(status, 1)
  t.regex(stderr, /node_modules is a link, and what it leads to was not set up/)
})
