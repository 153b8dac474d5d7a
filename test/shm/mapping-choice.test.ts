import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PROGRAM = join(import.meta.dirname, 'mapping-program.js')
const PAGE_BYTES = 65_536
const NODE_MAJOR = Number.parseInt(process.versions.node, 10)

interface Conditions {
  /** Whether the native addon is there. Default true. */
  readonly addon?: boolean
  /** Whether `mmap-io` is there. Default true. */
  readonly mmapIo?: boolean
  readonly mapper?: string
}

function run(t: ExecutionContext, deed: string, conditions: Conditions = {}) {
  const { addon = true, mmapIo = true, mapper } = conditions
  const folder = temporaryFolder(t)
  const file = join(folder, 'shared')
  writeFileSync(file, Buffer.alloc(PAGE_BYTES, 1))
  const without = join(folder, 'without-mmap-io.cjs')
  writeFileSync(
    without,
    `const Module = require('node:module')
    const { _load } = Module
    Module._load = function (name, ...others) {
      if (name === 'mmap-io' || name.startsWith('mmap-io/')) {
        throw Object.assign(new Error("Cannot find module 'mmap-io'"), { code: 'MODULE_NOT_FOUND' })
      }
      return _load.call(this, name, ...others)
    }`,
  )
  const { signal, stdout } = spawnSync(
    process.execPath,
    [...(mmapIo ? [] : ['--require', without]), PROGRAM, deed, file],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        ...(!addon && { CARILLON_ADDON: join(folder, 'absent.node') }),
        CARILLON_MAPPER: mapper,
      },
    },
  )
  return { signal, result: stdout === '' ? undefined : JSON.parse(stdout) }
}

test('either of the two is enough', (t) => {
  for (const conditions of [{}, { addon: false }, { mmapIo: false }]) {
    t.true(run(t, 'map', conditions).result >= 4096, JSON.stringify(conditions))
  }
})

test('without either there is an error that says why, of both', (t) => {
  const { code, message } = run(t, 'map', { addon: false, mmapIo: false }).result
  t.is(code, 'ERR_CARILLON_MAPPING_UNAVAILABLE')
  t.regex(message, /mmap-io is not installed or did not compile.*Cannot find module 'mmap-io'/)
  t.regex(message, /the native addon is not there or does not load: .*absent\.node/)
})

test('the one that was asked for is not replaced by the other', (t) => {
  const unavailable = 'ERR_CARILLON_MAPPING_UNAVAILABLE'
  t.is(run(t, 'map', { mapper: 'addon', addon: false }).result.code, unavailable)
  t.is(run(t, 'map', { mapper: 'mmap-io', mmapIo: false }).result.code, unavailable)
  const { code, message } = run(t, 'map', { mapper: 'mmap' }).result
  t.is(code, 'ERR_CARILLON_ARGUMENT')
  t.regex(message, /CARILLON_MAPPER is one of mmap-io, addon, not mmap$/)
})

test('what mmap-io cannot reach is an error without the addon', (t) => {
  t.true(run(t, 'map beyond 2 GiB').result >= 4096)
  const { code, message } = run(t, 'map beyond 2 GiB', { addon: false }).result
  t.is(code, 'ERR_CARILLON_MAPPING')
  t.regex(message, /mmap-io reaches 2147483647 bytes, and the native addon is not there/)
})

test('without the addon, what is unmapped is out of use from Node 22 on', (t) => {
  t.is(run(t, 'unmap').result, 0)
  t.is(run(t, 'unmap', { addon: false }).result === 0, NODE_MAJOR >= 22)
})

test('a file that is cut short ends the process only without the addon', (t) => {
  t.like(run(t, 'cut it short'), { signal: null, result: 0 })
  t.like(run(t, 'cut it short', { mmapIo: false }), { signal: null, result: 0 })
  t.is(run(t, 'cut it short', { addon: false }).signal, 'SIGBUS')
})

test('a signal that is about other memory, or sent by somebody, does what it did', (t) => {
  t.is(run(t, 'cut what is not guarded short').signal, 'SIGBUS')
  t.is(run(t, 'be sent the signal').signal, 'SIGBUS')
  t.like(run(t, 'be sent the signal, and listen'), { signal: null, result: 'heard' })
})
