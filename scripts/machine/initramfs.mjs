import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fingerprint } from '../setup/stamp.mjs'
import { keepMade } from './keep-made.mjs'
import { runMachineTool } from './tools.mjs'

const GUEST = join(import.meta.dirname, 'guest')
const SCRIPTS = ['initramfs-init', 'machine-init']

/**
 * The initial root: a shell, the modules without which there are no disks, and ours.
 *
 * @param {{ cache: string, packages: object, kernel: string, modules: string[], bridge: string,
 *   tell: (line: string) => void }} machine `kernel` is the unpacked one; `modules` are its modules in an
 *   order in which they load; `bridge` is ours, and is loaded last
 * @returns {string} its path
 */
export function initramfs({ cache, packages, kernel, modules, bridge, tell }) {
  const busybox = packages.userland.find(({ name }) => name === 'busybox-static')
  return keepMade(
    join(cache, 'kernel'),
    {
      name: `initramfs-${packages.release}`,
      suffix: '.gz',
      ingredients: [kernel, modules, bridge, busybox.version, fingerprint(GUEST, SCRIPTS)],
      doing: 'Packing the initial root',
      make(path) {
        const tree = `${path}.tree`
        for (const name of ['bin', 'dev', 'lib/modules', 'proc', 'root']) {
          mkdirSync(join(tree, name), { recursive: true })
        }
        runMachineTool('.', 'dpkg-deb', ['--extract', busybox.file, `${path}.busybox`], {
          sentence: `${busybox.file} could not be unpacked`,
        })
        copyFileSync(join(`${path}.busybox`, 'bin/busybox'), join(tree, 'bin/busybox'))
        copyFileSync(join(GUEST, 'initramfs-init'), join(tree, 'init'))
        copyFileSync(join(GUEST, 'machine-init'), join(tree, 'machine-init'))
        for (const file of ['bin/busybox', 'init', 'machine-init']) {
          chmodSync(join(tree, file), 0o755)
        }
        const folder = join(kernel, `lib/modules/${packages.release}/kernel`)
        const loaded = [
          ...modules.map((module) => ({
            name: basename(module),
            file: join(folder, `${module}.ko`),
          })),
          { name: 'carillon_bridge', file: bridge },
        ]
        for (const { name, file } of loaded) {
          copyFileSync(file, join(tree, 'lib/modules', `${name}.ko`))
        }
        const order = loaded.map(({ name }) => `${name}.ko\n`).join('')
        writeFileSync(join(tree, 'lib/modules/order'), order)
        pack(tree, path)
      },
    },
    tell,
  )
}

function pack(tree, path) {
  const script =
    'cd "$1" && find . -print0 | sort -z | cpio --null --create --format=newc --owner=0:0 --quiet | gzip -1 >"$2"'
  runMachineTool('.', 'bash', ['-o', 'pipefail', '-c', script, 'pack', tree, path], {
    sentence: 'The initial root could not be packed (the output is above)',
  })
}
