import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MODULE = join(REPOSITORY, 'dist/src/cli/compiled-script.js')

/** Prints what a file of CommonJS has, a module that it asks for, and its arguments. */
const PROGRAM = `'use strict'
function called() { return __filename === require('node:path').join(__dirname, 'program.cjs') }
console.log(called(), require('./other.cjs'), typeof exports, process.argv.at(-1))
`

function prepare(t: ExecutionContext) {
  const folder = temporaryFolder(t)
  const file = join(folder, 'program.cjs')
  writeFileSync(file, PROGRAM)
  writeFileSync(join(folder, 'other.cjs'), "module.exports = 'ding'\n")
  const cache = join(folder, 'cache')
  const code = `import { runCompiled } from ${JSON.stringify(MODULE)}
runCompiled(${JSON.stringify(file)}, ${JSON.stringify(cache)})`
  const run = (...options: string[]) =>
    execFileSync(process.execPath, [...options, '--input-type=module', '-e', code, 'dong'], {
      encoding: 'utf8',
    })
  return { cache, run }
}

const PRINTED = 'true ding object dong\n'

test('what was compiled is kept, and serves the next run', (t) => {
  const { cache, run } = prepare(t)
  t.is(run(), PRINTED)
  const kept = readdirSync(cache)
  t.is(kept.length, 1)
  t.is(run(), PRINTED)
  t.deepEqual(readdirSync(cache), kept)
})

test('where nothing can be kept, nothing is, and nobody is told', (t) => {
  const { cache, run } = prepare(t)
  writeFileSync(cache, '')
  t.is(run(), PRINTED)
  t.is(readFileSync(cache, 'utf8'), '')
})

test('with source maps it is left to Node', (t) => {
  const { cache, run } = prepare(t)
  t.is(run('--enable-source-maps'), PRINTED)
  t.false(existsSync(cache))
})

test('a cache that was cut short, or damaged anywhere, is made anew', (t) => {
  const { cache, run } = prepare(t)
  run()
  const [name = ''] = readdirSync(cache)
  const path = join(cache, name)
  const whole = readFileSync(path)
  const damaged = [0, 24, 28, 100, whole.length >> 1, whole.length - 100, whole.length - 1].map(
    (at) => {
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] ?? 0) ^ 0x10
      return bytes
    },
  )
  const cut = [0, 3, 10, whole.length - 8].map((length) => whole.subarray(0, length))
  const zeros = Buffer.from(whole).fill(0, whole.length >> 2)
  for (const bytes of [...damaged, ...cut, zeros]) {
    writeFileSync(path, bytes)
    t.is(run(), PRINTED)
    t.is(readFileSync(path).length, whole.length)
    t.false(readFileSync(path).equals(bytes))
  }
  t.deepEqual(readdirSync(cache), [name])
})

test('the bundle has no import(), which it could not do', (t) => {
  const folder = join(REPOSITORY, 'dist/cli')
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.cjs')) continue
    t.notRegex(readFileSync(join(folder, name), 'utf8'), /(?<![\w.$])import\(/, name)
  }
})
