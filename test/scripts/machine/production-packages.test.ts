import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { productionPackages } = await importScript<{
  productionPackages(root: string, built: string[]): string[]
}>('machine/production-packages.mjs')

/** A checkout with these packages in its lock file, installed but for those in `absent`. */
function checkout(t: ExecutionContext, packages: Record<string, object>, absent: string[] = []) {
  const root = temporaryFolder(t)
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }))
  for (const path of Object.keys(packages)) {
    if (!absent.includes(path)) mkdirSync(join(root, path), { recursive: true })
  }
  return root
}

test('what runs is taken with all that it needs, each from where Node finds it', (t) => {
  const root = checkout(t, {
    '': { dependencies: { a: '1', '@s/b': '1' }, devDependencies: { tool: '1' } },
    'node_modules/a': { dependencies: { shared: '2' } },
    'node_modules/a/node_modules/shared': { dependencies: { deep: '1' } },
    'node_modules/@s/b': { dependencies: { shared: '1' } },
    'node_modules/shared': {},
    'node_modules/deep': { dependencies: { a: '1' } },
    'node_modules/tool': { dependencies: { shared: '1' } },
  })
  t.deepEqual(productionPackages(root, []), [
    'node_modules/@s/b',
    'node_modules/a',
    'node_modules/a/node_modules/shared',
    'node_modules/deep',
    'node_modules/shared',
  ])
})

test('what we build needs nothing more, and what is not installed is left out', (t) => {
  const root = checkout(
    t,
    {
      '': { optionalDependencies: { native: '1', extra: '1' } },
      'node_modules/native': { dependencies: { builder: '1' } },
      'node_modules/builder': {},
      'node_modules/extra': {},
    },
    ['node_modules/extra'],
  )
  t.deepEqual(productionPackages(root, ['native']), ['node_modules/native'])
  t.deepEqual(productionPackages(root, []), ['node_modules/builder', 'node_modules/native'])
})
