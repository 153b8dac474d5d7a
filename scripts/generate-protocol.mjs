// Generates the protocol's message classes from proto/carillon.proto with protobufjs.
// Writes proto/generated/ (for the compiler) and its copy under dist/ (for what runs).
import { cpSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pbjs from 'protobufjs-cli/pbjs.js'
import pbts from 'protobufjs-cli/pbts.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const generated = join(root, 'proto/generated')
const script = join(generated, 'carillon.js')
const types = join(generated, 'carillon.d.ts')

const run = (tool, args) =>
  new Promise((resolve, reject) => tool.main(args, (error) => (error ? reject(error) : resolve())))

mkdirSync(generated, { recursive: true })
await run(pbjs, [
  ...['--target', 'static-module', '--wrap', 'esm', '--force-number'],
  ...['--no-convert', '--no-verify', '--no-delimited', '--no-typeurl'],
  ...['--out', script, join(root, 'proto/carillon.proto')],
])
await run(pbts, ['--out', types, script])
cpSync(generated, join(root, 'dist/proto/generated'), { recursive: true })
