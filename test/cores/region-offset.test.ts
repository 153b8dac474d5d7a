import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { QEMU_BOARDS } from '../../src/cores/qemu-boards.ts'
import { regionOffset } from '../../src/cores/region-offset.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a region is found where the board has it', (t) => {
  const folder = temporaryFolder(t)
  for (const { kind, place } of Object.values(QEMU_BOARDS)) {
    const path = join(folder, kind)
    SharedRegion.create(path, { ...place, cores: 1 })
    t.is(regionOffset(path), place.offset)
  }
})

test('what has no region is left to be judged from its start', (t) => {
  const folder = temporaryFolder(t)
  const at = (name: string) => join(folder, name)
  writeFileSync(at('short'), 'no')
  writeFileSync(at('zeros'), Buffer.alloc(8192))
  mkdirSync(at('folder'))
  SharedRegion.create(at('region'), { ...QEMU_BOARDS.raspi3.place, cores: 1 })
  symlinkSync(at('region'), at('link'))
  for (const name of ['short', 'zeros', 'folder', 'link', 'absent']) t.is(regionOffset(at(name)), 0)
  t.is(regionOffset('/dev/null'), 0)
})
