import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { CarillonClient } from '../../src/client/carillon-client.ts'
import { MAIN } from '../support/carillon-command.ts'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

interface Coverage {
  readonly result: readonly { readonly url: string }[]
}

/** The files of code that `carillon serve` has loaded by the time that a client has a stream. */
async function filesServing(t: ExecutionContext): Promise<string[]> {
  const folder = temporaryFolder(t)
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--no-console'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Where V8 lists the scripts of the process, as it ends.
    env: { ...process.env, NODE_V8_COVERAGE: folder },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const port = await new Promise<number>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      const { event, port } = JSON.parse(line) as { event?: string; port?: number }
      if (event === 'ready' && port !== undefined) resolve(port)
    })
  })
  const client = await CarillonClient.connect({ port })
  await client.openStream({ sampleRateHz: 48_000, channels: 1 })
  await client.close()
  child.kill('SIGTERM')
  t.deepEqual(await exit, [0, null])
  const [name = ''] = readdirSync(folder)
  const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Coverage
  return result.flatMap(({ url }) => (url.startsWith('file:') ? [fileURLToPath(url)] : []))
}

test('what the package calls carillon is the bundle, and can be executed by its name', (t) => {
  const { bin } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    bin: { carillon: string }
  }
  t.is(join(REPOSITORY, bin.carillon), MAIN)
  t.true(readFileSync(MAIN, 'utf8').startsWith('#!/usr/bin/env node\n'))
})

test('serving takes the two files of the bundle, and none besides', async (t) => {
  const files = (await filesServing(t)).map((file) => relative(REPOSITORY, file))
  t.is(files.length, 2, files.join('\n'))
  t.true(files.includes('dist/cli/main.cjs'))
  for (const file of files) t.regex(file, /^dist\/cli\/(?:main|program-[A-Z0-9]+)\.cjs$/)
})

test('a stack has the names of functions, and leads to the lines of the source', async (t) => {
  const stack = async (...options: string[]) => {
    const child = spawn(process.execPath, [...options, MAIN, 'serve', '--cores', '9'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE_DEBUG: 'carillon', NODE_OPTIONS: '' },
    })
    t.teardown(() => child.kill('SIGKILL'))
    const text: string[] = []
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => text.push(chunk))
    t.deepEqual(await once(child, 'close'), [2, null])
    return text.join('')
  }
  const [, file = '', line = ''] =
    /(src\/cli\/option-values\.ts):(\d+):\d+/.exec(await stack('--enable-source-maps')) ?? []
  const source = readFileSync(join(REPOSITORY, file), 'utf8').split('\n')[Number(line) - 1]
  t.regex(source ?? '', /throw|Error/)
  t.regex(await stack(), /at \w.* \(\/.*\/dist\/cli\/[\w-]+\.cjs:\d+:\d+\)/)
})

test('each package in the bundle has its licence beside it', (t) => {
  const licences = readdirSync(join(REPOSITORY, 'dist/cli/licenses'))
  for (const name of ['commander', 'pino', 'protobufjs']) t.true(licences.includes(`${name}.txt`))
  for (const name of licences) {
    t.regex(
      readFileSync(join(REPOSITORY, 'dist/cli/licenses', name), 'utf8'),
      /copyright|permission/i,
    )
  }
})

test('the package has the bundle for the command and the modules for who imports them', (t) => {
  const pack = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const listing = execFileSync('npm', pack, {
    cwd: REPOSITORY,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [{ files } = { files: [] }] = JSON.parse(listing) as { files: { path: string }[] }[]
  const paths = new Set(files.map(({ path }) => path))
  const { exports } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string; default: string }>
  }
  for (const target of Object.values(exports)) {
    const wanted = typeof target === 'string' ? [target] : [target.types, target.default]
    for (const path of wanted) t.true(paths.has(relative('.', path)), path)
  }
  for (const name of readdirSync(join(REPOSITORY, 'dist/cli'))) {
    const path = join('dist/cli', name)
    if (statSync(join(REPOSITORY, path)).isFile()) t.true(paths.has(path), path)
  }
  t.deepEqual(
    [...paths].filter((path) => /^dist\/(?:src\/cli\/|\.)/.test(path)),
    [],
  )
})

test('what was compiled is kept, in the package', (t) => {
  execFileSync(process.execPath, [MAIN, '--version'])
  const folder = join(REPOSITORY, 'dist/.compile-cache')
  t.true(existsSync(folder) && readdirSync(folder).length > 0)
})
