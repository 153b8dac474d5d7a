import { chmodSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fingerprint } from '../setup/stamp.mjs'
import { crossHostedFirmware, crossMmapIo, crossNative } from './cross-addons.mjs'
import { makeDisk } from './disk.mjs'
import { keepMade } from './keep-made.mjs'
import { NODE_MODULES_VERSION, NODE_VERSION } from './node-release.mjs'
import { productionPackages } from './production-packages.mjs'
import { runMachineTool } from './tools.mjs'

const GUEST = join(import.meta.dirname, 'guest')

/** Where Carillon's own disk is mounted; its packages are beside it, where Node looks for them. */
const CARILLON = 'opt/carillon'

/** What the system's disk has to mount things on, besides what is on it. */
const MOUNT_POINTS = ['dev', 'proc', 'run', 'sys', 'tmp', 'root', CARILLON]

/** What of a checkout runs, where it is there. */
const PARTS = ['boards', 'dist/cli', 'dist/proto', 'dist/src', 'dist/web', 'package.json']

/** A package whose binary we compile ourselves. */
const MMAP_IO = `mmap-io/build/binding/Release/node-v${NODE_MODULES_VERSION}-linux-arm64/mmap_io.node`
/** The one binary of the many that uWebSockets.js brings. */
const UWS_BINARY = `uws_linux_arm64_${NODE_MODULES_VERSION}.node`

/**
 * The disk with what changes seldom: libraries, a shell, Node, and the packages from npm.
 *
 * @returns {string} its path
 */
export function systemDisk({ root, cache, node, packages, tell }) {
  const production = productionPackages(root, ['mmap-io'])
  const mmapIo = crossMmapIo(root, cache, node, tell)
  const guest = ['passwd', 'group']
  return keepMade(
    join(cache, 'disks'),
    {
      name: 'system',
      suffix: '.ext4',
      ingredients: [
        NODE_VERSION,
        packages.userland.map(packageName),
        mmapIo,
        production,
        fingerprint(root, ['package-lock.json']),
        fingerprint(GUEST, guest),
      ],
      doing: "Making the system's disk",
      make(path) {
        const tree = `${path}.tree`
        for (const folder of MOUNT_POINTS) mkdirSync(join(tree, folder), { recursive: true })
        for (const { file } of packages.userland) unpackUserland(tree, file)
        place(join(node, 'bin/node'), join(tree, 'usr/bin/node'))
        for (const name of guest) place(join(GUEST, name), join(tree, 'etc', name))
        const modules = join(tree, 'opt')
        for (const path of production) placePackage(root, modules, path)
        place(mmapIo, join(modules, 'node_modules', MMAP_IO))
        makeDisk(path, tree, 'system')
      },
    },
    tell,
  )
}

const packageName = ({ name, version }) => `${name} ${version}`

/**
 * The disk with Carillon itself, as the checkout has it built, and what is asked for besides.
 *
 * @returns {string} its path
 */
export function carillonDisk({ root, cache, node, firmware, besides, tell }) {
  const native = crossNative(root, cache, node, tell)
  const hosted = crossHostedFirmware(root, cache, tell)
  const parts = [...PARTS, ...firmware, ...besides].filter((path) => existsSync(join(root, path)))
  return keepMade(
    join(cache, 'disks'),
    {
      // Apart, so that neither throws the other away.
      name: besides.length === 0 ? 'carillon' : 'carillon-besides',
      suffix: '.ext4',
      ingredients: [native, hosted, fingerprint(root, parts)],
      doing: "Making Carillon's disk",
      make(path) {
        const tree = `${path}.tree`
        mkdirSync(tree)
        for (const name of parts) place(join(root, name), join(tree, name))
        place(native, join(tree, 'native/build/Release/carillon.node'))
        place(hosted, join(tree, 'firmware/build/hosted/carillon-core'), 0o755)
        makeDisk(path, tree, 'carillon')
      },
    },
    tell,
  )
}

/** Only what runs: a package's documentation and conversions are most of it. */
function unpackUserland(tree, file) {
  runMachineTool('.', 'dpkg-deb', ['--extract', file, tree], {
    sentence: `${file} could not be unpacked`,
  })
  for (const left of ['usr/share', 'usr/lib/aarch64-linux-gnu/gconv', 'etc/ld.so.conf.d']) {
    rmSync(join(tree, left), { recursive: true, force: true })
  }
}

/**
 * A package without the packages in it, which are placed if they are needed, without the sources and this
 * machine's build of the one that we compile, and without other machines' binaries.
 */
function placePackage(root, target, path) {
  const from = join(root, path)
  const left = path === 'node_modules/mmap-io' ? ['node_modules', 'build', 'src'] : ['node_modules']
  cpSync(from, join(target, path), {
    recursive: true,
    dereference: true,
    filter: (source) => {
      const name = source.slice(from.length + 1)
      return !left.includes(name) && (!/^uws_.*\.node$/.test(name) || name === UWS_BINARY)
    },
  })
}

function place(from, to, mode) {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to, { recursive: true, dereference: true })
  if (mode !== undefined) chmodSync(to, mode)
}
