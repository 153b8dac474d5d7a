import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { importScript } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const { emptyFolder } = await importScript<{
  emptyFolder(folder: string, kept?: readonly string[]): void
}>('empty-folder.mjs')

test('what is not kept is removed, files and folders', (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['kept', 'dropped']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'file'), name)
  }
  writeFileSync(join(folder, 'old.js'), '')
  emptyFolder(folder, ['kept'])
  t.deepEqual(readdirSync(folder, { recursive: true }).sort(), ['kept', 'kept/file'])
  emptyFolder(folder)
  t.deepEqual(readdirSync(folder), [])
})

test('a folder that is not there is made', (t) => {
  const folder = join(temporaryFolder(t), 'dist/web')
  emptyFolder(folder, ['model'])
  t.deepEqual(readdirSync(folder), [])
})
