// Bundles the command, src/cli/, with the packages that it is made of into dist/cli/. The command then
// loads one file in place of two hundred, each of which Node would look for, open and link, and V8
// keeps what it made of it: see src/cli/compiled-script.ts.
import { cpSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { emptyFolder } from './empty-folder.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const built = join(root, 'dist/cli')

// Native, or for a terminal only: they stay packages, found where they are installed.
const external = ['mmap-io', 'pino-pretty', 'uWebSockets.js']

// protobufjs takes it where it finds it, and compiles WebAssembly with it. 64-bit counters are read as
// numbers here, see proto/messages.ts.
const withoutLong = {
  name: 'without-long',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^long$/ }, () => ({ path: 'long', namespace: 'absent' }))
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: '' }))
  },
}

// What an earlier build made and this one does not would be packed for ever.
emptyFolder(built)
// And what V8 made of it would be kept for ever, see src/cli/main.ts.
emptyFolder(join(root, 'dist/.compile-cache'))

// CommonJS, which Node begins sooner than modules. What only some commands need is in the file too, and
// evaluated by those.
const bundled = {
  absWorkingDir: root,
  outdir: built,
  bundle: true,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  platform: 'node',
  target: 'node20.19',
  define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__filename' },
  external,
  plugins: [withoutLong],
  // Names stay, so that a stack says where it happened without the map, and with it
  // (NODE_OPTIONS=--enable-source-maps) in which line of src/.
  minify: false,
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
}
const { metafile } = await build({
  ...bundled,
  entryPoints: { program: 'src/cli/program.ts' },
  entryNames: '[name]-[hash]',
})
await build({
  ...bundled,
  entryPoints: { main: 'src/cli/main.ts' },
  define: { ...bundled.define, PROGRAM_FILE: JSON.stringify(programFile(metafile)) },
})

// Their code becomes part of the command: their licences go with it.
for (const [name, folder] of packagesIn(metafile)) copyLicence(name, folder)

/** The name of the file that the program became. */
function programFile({ outputs }) {
  const [path] = Object.keys(outputs).filter((file) => file.endsWith('.cjs'))
  return basename(path)
}

/** The packages that something of which is in the bundle, with their folders. */
function packagesIn({ inputs }) {
  const packages = new Map()
  for (const file of Object.keys(inputs)) {
    const [folder, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
    if (name !== undefined) packages.set(name, join(root, folder))
  }
  return packages
}

function copyLicence(name, folder) {
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each))
  if (file === undefined) throw new Error(`${name} has no licence in a file of its own`)
  cpSync(join(folder, file), join(built, 'licenses', `${name.replace('/', '-')}.txt`))
}
