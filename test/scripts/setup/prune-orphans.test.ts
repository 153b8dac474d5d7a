import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { pruneOrphans } = await importScript<{ pruneOrphans(root: string, folder: string): void }>(
  'setup/prune-orphans.mjs',
)

test('what was compiled from a source that is gone is deleted, and nothing else', (t) => {
  const root = temporaryFolder(t)
  for (const file of [
    'test/kept.test.ts',
    'proto/generated/carillon.js',
    ...['kept.test.js', 'kept.test.js.map', 'kept.test.d.ts'].map((name) => `dist/test/${name}`),
    ...['gone.test.js', 'gone.test.js.map', 'gone.test.d.ts'].map((name) => `dist/test/${name}`),
    'dist/proto/generated/carillon.js',
    'dist/web/bundle.js',
  ]) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), '')
  }
  for (const folder of ['test', 'proto', 'absent']) pruneOrphans(root, folder)
  t.deepEqual(readdirSync(join(root, 'dist/test')).sort(), [
    'kept.test.d.ts',
    'kept.test.js',
    'kept.test.js.map',
  ])
  t.deepEqual(readdirSync(join(root, 'dist/proto/generated')), ['carillon.js'])
  t.deepEqual(readdirSync(join(root, 'dist/web')), ['bundle.js'])
})
