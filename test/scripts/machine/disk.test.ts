import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import test from 'ava'
import { needsTool } from '../../support/needs-tool.ts'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { makeDisk, diskBytes } = await importScript<{
  makeDisk(path: string, folder: string, label: string): void
  diskBytes(folder: string): number
}>('machine/disk.mjs')

const diskTest = needsTool(test, '/sbin/mke2fs', 'apt-get install e2fsprogs')

/** What debugfs, which comes with mke2fs, says of a disk. */
function debugfs(disk: string, request: string): string {
  const PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter)
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
  return execFileSync('debugfs', ['-R', request, disk], { encoding: 'utf8', env: { PATH }, stdio })
}

diskTest('a folder is on its disk as it was, and the disk has its label', (t) => {
  const folder = temporaryFolder(t)
  const [tree, disk] = [join(folder, 'tree'), join(folder, 'a.ext4')]
  mkdirSync(join(tree, 'bin'), { recursive: true })
  writeFileSync(join(tree, 'bin/bell'), 'ding\n', { mode: 0o755 })
  makeDisk(disk, tree, 'bells')
  t.is(debugfs(disk, 'cat /bin/bell'), 'ding\n')
  t.regex(debugfs(disk, 'stat /bin/bell'), /Mode: +0755/)
  t.regex(debugfs(disk, 'stats'), /Filesystem volume name: +bells\n/)
})

diskTest('a disk is as large as its folder needs', (t) => {
  for (const [files, bytes] of [
    [0, 0],
    [1, 40 * 1024 * 1024],
    [3000, 100],
  ] as const) {
    const folder = temporaryFolder(t)
    const tree = join(folder, 'tree')
    mkdirSync(tree)
    for (let index = 0; index < files; index++) {
      writeFileSync(join(tree, `${index}`), Buffer.alloc(bytes, index + 1))
    }
    const disk = join(folder, 'disk')
    t.notThrows(() => makeDisk(disk, tree, 'disk'))
    t.is(statSync(disk).size, diskBytes(tree))
    t.true(statSync(disk).size < files * Math.max(bytes, 4096) * 1.5 + 8 * 1024 * 1024)
  }
})
