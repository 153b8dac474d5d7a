import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { readImage } = await importScript<{
  readImage(root: string, board: string): { kernel: string }
}>('machine/build-image.mjs')
const { debianPackages, packageFile } = await importScript<{
  debianPackages(cache: string, kernel: string, options: object): object
  packageFile(one: { name: string; version: string; architecture: string }): string
}>('machine/debian-packages.mjs')
const { nodeRelease } = await importScript<{
  nodeRelease(cache: string, options: object): string
}>('machine/node-release.mjs')
const { machineBoard } = await importScript<{ machineBoard(name?: string): { name: string } }>(
  'machine/boards.mjs',
)

const OFFLINE = { mayFetch: false, tell: () => {} }

test('an image that was not built, or has lost a part, is told with what builds it', (t) => {
  const root = temporaryFolder(t)
  t.throws(() => readImage(root, 'qemu-virt'), {
    message:
      'there is no image of qemu-virt; to build it: npm run image -- qemu-virt [ERR_CARILLON_MACHINE_IMAGE]',
  })
  const part = (name: string) => join(root, name)
  const image = {
    kernel: part('kernel'),
    initramfs: part('initramfs'),
    deviceTree: part('tree'),
    disks: [part('a'), part('b')],
    bytes: [0, 0, 0, 0, 2],
  }
  for (const name of ['kernel', 'initramfs', 'tree', 'a']) writeFileSync(part(name), '')
  mkdirSync(join(root, 'dist/.images'), { recursive: true })
  writeFileSync(join(root, 'dist/.images/qemu-virt.json'), JSON.stringify(image))
  t.throws(() => readImage(root, 'qemu-virt'), { message: /, of which .*\/b is gone; to build it/ })
  writeFileSync(part('b'), 'b')
  t.throws(() => readImage(root, 'qemu-virt'), {
    message: /is damaged: .*\/b has 1 bytes, not 2; remove it, then npm run image -- qemu-virt/,
  })
  writeFileSync(part('b'), 'bb')
  t.is(readImage(root, 'qemu-virt').kernel, part('kernel'))
  for (const text of ['', '{', '{}', 'null', '[]', '7', JSON.stringify({ ...image, bytes: [] })]) {
    writeFileSync(join(root, 'dist/.images/qemu-virt.json'), text)
    t.throws(() => readImage(root, 'qemu-virt'), { message: /^there is no image of qemu-virt; / })
  }
})

test('nothing is fetched where that is not wanted', (t) => {
  const cache = temporaryFolder(t)
  const code = /\[ERR_CARILLON_IMAGE_OFFLINE\]$/
  t.throws(() => debianPackages(cache, 'linux-image-arm64', OFFLINE), { message: code })
  t.throws(() => nodeRelease(cache, OFFLINE), { message: code })
  t.false(existsSync(join(cache, 'debian')))
})

test('packages that are all there are used as they are, and not when one is gone', (t) => {
  const cache = temporaryFolder(t)
  const one = (name: string) => ({ name, version: '1:2~x', architecture: 'arm64', sha256: '' })
  const found = { release: '6', image: one('image'), headers: [one('headers')], userland: [] }
  const folder = join(cache, 'debian')
  mkdirSync(folder)
  writeFileSync(join(folder, 'kernel.json'), JSON.stringify(found))
  const [image, headers] = [packageFile(one('image')), packageFile(one('headers'))]
  t.is(image, 'image_1%3a2~x_arm64.deb')
  writeFileSync(join(folder, image), '')
  t.throws(() => debianPackages(cache, 'kernel', OFFLINE))
  writeFileSync(join(folder, headers), '')
  t.like(debianPackages(cache, 'kernel', OFFLINE), {
    release: '6',
    image: { file: join(folder, image) },
    headers: [{ file: join(folder, headers) }],
  })
})

test('a board is one of those that there are', (t) => {
  t.is(machineBoard('qemu-virt').name, 'qemu-virt')
  for (const name of ['raspi9', 'constructor', undefined]) {
    t.throws(() => machineBoard(name), { message: /\[ERR_CARILLON_MACHINE_BOARD\]$/ })
  }
})
