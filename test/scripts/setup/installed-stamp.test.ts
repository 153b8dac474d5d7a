import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

interface InstalledStamp {
  wanted(): string
  isFresh(): boolean
  write(from: string): void
}

const { installedStamp } = await importScript<{ installedStamp(root: string): InstalledStamp }>(
  'setup/installed-stamp.mjs',
)

/** A project of two packages, both installed by npm, without a registry. */
function project(t: ExecutionContext) {
  const root = temporaryFolder(t)
  const write = (file: string, content: object) =>
    writeFileSync(join(root, file), JSON.stringify(content))
  for (const name of ['bell', 'clapper']) {
    mkdirSync(join(root, name))
    write(`${name}/package.json`, { name, version: '1.0.0' })
  }
  write('package.json', {
    dependencies: { bell: 'file:bell' },
    devDependencies: { clapper: 'file:clapper' },
  })
  const npm = (...args: string[]) =>
    execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  npm('install')
  return { root, npm, stamp: installedStamp(root) }
}

test('what was installed is fresh until another lock file wants something else', (t) => {
  const { root, stamp } = project(t)
  t.false(stamp.isFresh())
  const wanted = stamp.wanted()
  stamp.write(wanted)
  t.true(stamp.isFresh())
  writeFileSync(join(root, 'package-lock.json'), '{}')
  t.false(stamp.isFresh())
  // A lock file that was changed while npm ran is not what was installed.
  stamp.write(wanted)
  t.false(stamp.isFresh())
})

test('packages that npm took away or put there are noticed', (t) => {
  const { npm, stamp } = project(t)
  stamp.write(stamp.wanted())
  npm('prune', '--omit=dev')
  t.false(stamp.isFresh())
  npm('ci', '--include=dev')
  stamp.write(stamp.wanted())
  npm('install', '--no-save', '--no-package-lock', './clapper')
  npm('uninstall', '--no-save', '--no-package-lock', 'clapper')
  t.false(stamp.isFresh())
})

test('packages that were deleted are noticed', (t) => {
  const { root, stamp } = project(t)
  stamp.write(stamp.wanted())
  rmSync(join(root, 'node_modules'), { recursive: true })
  t.false(stamp.isFresh())
})
