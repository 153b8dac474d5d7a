// Checks the types of the console's page, web/, and bundles it into dist/web/, which the web gateway
// serves.
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { emptyFolder } from './empty-folder.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const page = join(root, 'web')
const built = join(root, 'dist/web')

// What the TypeScript of the whole project puts there for the tests: web/model/, compiled.
const notOurs = ['model']

// Whose code becomes part of the page: their licences go with it.
const bundled = ['long', 'protobufjs', 'uplot']

const bundle = (entryPoints) =>
  build({
    entryPoints,
    outdir: built,
    bundle: true,
    minify: true,
    sourcemap: true,
    format: 'iife',
    // The language of 2022, with private fields of classes, is what the sources are written in.
    target: 'es2022',
    logLevel: 'warning',
  })

const tsc = join(root, 'node_modules/.bin/tsc')
const { status } = spawnSync(tsc, ['--project', page, '--pretty', 'false'], { stdio: 'inherit' })
if (status === 0) {
  // What an earlier build made and this one does not would be packed and served for ever.
  emptyFolder(built, notOurs)
  await bundle({ console: join(page, 'main.ts') })
  await bundle({ console: join(page, 'console.css') })
  for (const name of ['index.html', 'favicon.svg']) cpSync(join(page, name), join(built, name))
  for (const name of bundled) {
    cpSync(join(root, 'node_modules', name, 'LICENSE'), join(built, 'licenses', `${name}.txt`))
  }
} else {
  process.exitCode = 1
}
