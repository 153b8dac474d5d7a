// Generates the protocol's message classes from proto/carillon.proto with protobufjs.
// Writes proto/generated/ (for the compiler) and its copy under dist/ (for what runs).
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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
writeFileSync(script, withPlainNumbers(readFileSync(script, 'utf8')))
await run(pbts, ['--out', types, script])
cpSync(generated, join(root, 'dist/proto/generated'), { recursive: true })

/**
 * Makes 64-bit fields numbers, as the types say with --force-number. The code itself would give
 * Long objects wherever the package `long` is installed, which protobufjs brings along.
 */
function withPlainNumbers(code) {
  const toNumber = 'const $number = (v) => (typeof v === "number" ? v : v.toNumber());'
  const plain = code
    .replaceAll('$util.Long ? $util.Long.fromBits(0,0,true) : 0', '0')
    .replaceAll('reader.uint64()', () => '$number(reader.uint64())')
    .replace('// Common aliases', (aliases) => `${toNumber}\n\n${aliases}`)
  if (
    /\$util\.Long|[^(]reader\.s?u?int64|fixed64/.test(plain) ||
    !plain.includes('const $number')
  ) {
    throw new Error('protobufjs-cli generates 64-bit fields in another way than this script knows')
  }
  return plain
}
