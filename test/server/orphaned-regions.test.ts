import { spawnSync } from 'node:child_process'
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import test from 'ava'
import { QEMU_BOARDS } from '../../src/cores/qemu-boards.ts'
import { removeOrphanedRegions } from '../../src/server/orphaned-regions.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The number of a process that has ended. */
const GONE = spawnSync(process.execPath, ['--version']).pid

test('the file of a server that is gone is removed, and nothing else is', async (t) => {
  const folder = temporaryFolder(t)
  const { logger, lines } = recordingLogger()
  const make = (name: string) => SharedRegion.create(join(folder, name), { cores: 1 })
  const orphan = make(`carillon-${GONE}-0123abcd`)
  const kept = [
    make(`carillon-${process.pid}-0123abcd`),
    make(`carillon-${GONE}-0123abcd.bak`),
    make(`carillon-${GONE}-0123`),
    make('carillon-0-0123abcd'),
    make('carillon-4294967295-0123abcd'),
  ].map(({ path }) => basename(path))
  writeFileSync(join(folder, `carillon-${GONE}-00000001`), 'not a region, and short')
  writeFileSync(join(folder, `carillon-${GONE}-00000002`), Buffer.alloc(100_000))
  const cut = join(folder, `carillon-${GONE}-0123abce`)
  writeFileSync(cut, '')
  symlinkSync(orphan.path, join(folder, `carillon-${GONE}-00000003`))
  const others = [1, 2, 3].map((at) => `carillon-${GONE}-0000000${at}`)
  await removeOrphanedRegions([join(folder, 'absent'), folder], logger)
  t.deepEqual(readdirSync(folder).sort(), [...kept, ...others].sort())
  t.deepEqual(lines.map(({ region }) => region).sort(), [orphan.path, cut])
})

test('whoever leaves any number of files of such names hides none', async (t) => {
  const folder = temporaryFolder(t)
  const { logger } = recordingLogger()
  for (let at = 0; at < 100; at++) {
    symlinkSync('/dev/null', join(folder, `carillon-${GONE}-${`${at}`.padStart(8, '0')}`))
  }
  const orphan = SharedRegion.create(join(folder, `carillon-${GONE}-ffffffff`), { cores: 1 })
  await removeOrphanedRegions([folder], logger)
  t.true(orphan.isOrphaned)
})

test('a file in which something beats is kept, whatever its name says', async (t) => {
  const folder = temporaryFolder(t)
  const { logger, lines } = recordingLogger()
  const region = SharedRegion.create(join(folder, `carillon-${GONE}-0123abcd`), { cores: 1 })
  const removing = removeOrphanedRegions([folder], logger)
  region.shared.hostStatus.heartbeat = 1
  await removing
  t.false(region.isOrphaned)
  t.deepEqual(lines, [])
  await removeOrphanedRegions([folder], logger)
  t.true(region.isOrphaned)
})

test('the memory of a board is removed too, where nothing beats in its region', async (t) => {
  const folder = temporaryFolder(t)
  const { logger } = recordingLogger()
  const path = join(folder, `carillon-${GONE}-0123abcd`)
  const region = SharedRegion.create(path, { ...QEMU_BOARDS.raspi3.place, cores: 1 })
  const removing = removeOrphanedRegions([folder], logger)
  region.shared.hostStatus.heartbeat = 1
  await removing
  t.false(region.isOrphaned)
  await removeOrphanedRegions([folder], logger)
  t.true(region.isOrphaned)
})
