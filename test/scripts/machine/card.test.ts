import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { writeCard } = await importScript<{ writeCard(what: object): string }>('machine/card.mjs')

/** A checkout with as much as goes onto a card. */
function checkout(t: ExecutionContext): string {
  const root = temporaryFolder(t)
  for (const folder of ['boards/linux', 'docs']) mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, 'boards/linux/Makefile'), 'all:')
  writeFileSync(join(root, 'boards/linux/bridge.c'), 'int x;')
  writeFileSync(join(root, 'docs/board.md'), '# On a board')
  writeFileSync(join(root, 'core.elf'), 'ELF')
  writeFileSync(join(root, 'made.dtbo'), 'dtbo')
  return root
}

function write(root: string, firmware = 'core.elf'): string {
  const config = ['[pi02]', 'gpu_mem=64']
  const dtbo = join(root, 'made.dtbo')
  return writeCard({ root, name: 'board', dtbo, source: '/dts-v1/;', config, firmware: [firmware] })
}

test('a card has the overlay, the driver, the firmware, and what to do', (t) => {
  const root = checkout(t)
  const folder = write(root)
  t.is(folder, join(root, 'dist/cards/board'))
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  t.deepEqual(files, [
    ...['README.md', 'carillon.dtbo', 'carillon.dts', 'config.txt', 'core.elf'],
    ...['driver', 'driver/Makefile', 'driver/bridge.c'],
  ])
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  t.is(read('config.txt'), '[pi02]\ngpu_mem=64\ndtoverlay=carillon\n[all]\n')
  t.is(read('carillon.dtbo'), 'dtbo')
  t.is(read('README.md'), '# On a board')
})

test('nothing of an earlier card stays, and without firmware there is none', (t) => {
  const root = checkout(t)
  writeFileSync(join(write(root), 'left.txt'), '')
  t.false(existsSync(join(write(root), 'left.txt')))
  t.throws(() => write(root, 'other.elf'), {
    message: /there is no other\.elf, which goes onto a card.* \[ERR_CARILLON_IMAGE_BUILD\]$/,
  })
})
