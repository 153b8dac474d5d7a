import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import test from 'ava'

const ROOT = join(import.meta.dirname, '../..')

/** The house of docs/architecture.md. Of two that fit, the first is meant. */
const FLOORS: Record<string, number> = {
  proto: 1,
  'src/framing': 2,
  'src/shm': 2,
  'src/audio': 2,
  'src/reactor': 3,
  'src/client': 3,
  'src/cores': 4,
  'src/bridge': 5,
  'src/server': 6,
  'src/cli': 7,
  web: 7,
  'src/index.ts': 8,
  // The files that lie directly in it.
  src: 1,
}

function folderOf(file: string): string {
  return (
    Object.keys(FLOORS).find((folder) => file === folder || file.startsWith(`${folder}/`)) ?? ''
  )
}

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => join(folder, file))
}

/** The relative paths that a module names, however it imports them. */
function specifiers(text: string): string[] {
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"`](\.[^'"`]+)['"`]/g)].map(
    ([, target]) => target ?? '',
  )
}

function imports(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return specifiers(text).map((target) => relative(ROOT, join(ROOT, dirname(file), target)))
}

test('every kind of import is seen', (t) => {
  const text = `
    import { a } from './a.ts'
    import type { b } from "../b.ts"
    import './c.ts'
    export * from './d.ts'
    const e = await import('./e.ts')
    import f from 'f'
  `
  t.deepEqual(specifiers(text), ['./a.ts', '../b.ts', './c.ts', './d.ts', './e.ts'])
})

test('a floor uses only the floors below it', (t) => {
  const files = [...sources('src'), ...sources('proto'), ...sources('web')]
  t.true(files.length > 30)
  const wrong = files.flatMap((file) =>
    imports(file)
      .filter((target) => {
        const [from, to] = [folderOf(file), folderOf(target)]
        return from !== to && (FLOORS[to] ?? 0) >= (FLOORS[from] ?? 0) && to !== ''
      })
      .map((target) => `${file} uses ${target}`),
  )
  t.deepEqual(wrong, [])
})

test('every source folder has its floor', (t) => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `src/${entry.name}`)
  t.deepEqual(
    folders.filter((folder) => FLOORS[folder] === undefined),
    [],
  )
})
