import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { kernelBehindStub } from './boot-stub.mjs'
import { buildDeviceTree } from './build-device-tree.mjs'
import { writeCard } from './card.mjs'
import { debianPackages } from './debian-packages.mjs'
import { overlaySource } from './device-tree.mjs'
import { carillonDisk, systemDisk } from './disks.mjs'
import { initramfs } from './initramfs.mjs'
import { buildBridge, unpackKernel } from './kernel.mjs'
import { MachineError } from './machine-error.mjs'
import { nodeRelease } from './node-release.mjs'
import { buildOverlay, overlaidDeviceTree } from './overlaid-device-tree.mjs'
import { requireMachineTools, runMachineTool } from './tools.mjs'
import { writeJson } from './write-json.mjs'

/** What makes an image. */
const TOOLS = [
  ...['aarch64-linux-gnu-g++', 'aarch64-linux-gnu-gcc', 'apt-get', 'cpio', 'dpkg-deb', 'dtc'],
  ...['fdtget', 'fdtoverlay', 'gzip', 'make', 'mke2fs', 'npm', 'qemu-system-aarch64', 'tar'],
]

/**
 * Puts a machine together: what changed since the last time, and nothing else.
 *
 * @param {string} root the checkout, set up
 * @param {object} target one of MACHINE_BOARDS
 * @param {{ cache: string, isUpdate?: boolean, mayFetch?: boolean, besides?: string[],
 *   tell?: (line: string) => void }} options `isUpdate` looks for newer Debian packages; without `mayFetch`
 *   only what was fetched before is used; `besides` are files and folders of the checkout that Carillon's
 *   disk has for tests, and `npm run machine` does not start such an image
 * @returns {Promise<MachineImage>}
 * @throws {MachineError}
 *
 * @typedef {{ board: string, kernel: string, initramfs: string, deviceTree: string, disks: string[],
 *   machine: string[], command: string, linux: string, card?: string }} MachineImage paths of files; QEMU's
 *   arguments for the bare board; where on Carillon's disk the command is; the kernel's version; a folder
 *   with what goes onto a card of the board itself
 */
export async function buildImage(root, target, options) {
  const { cache, isUpdate = false, mayFetch = true, besides = [], tell = () => {} } = options
  requireMachineTools(TOOLS)
  const { readBoard } = await import(pathToFileURL(join(root, 'dist/src/cores/read-board.js')).href)
  const board = readBoard(target.name)
  mkdirSync(cache, { recursive: true })
  const packages = debianPackages(cache, target.kernelPackage, { isUpdate, mayFetch, tell })
  const node = nodeRelease(cache, { mayFetch, tell })
  const kernel = unpackKernel(cache, packages, target.modules, target.deviceTree, tell)
  const bridge = buildBridge(root, cache, packages, tell)
  const linux = join(kernel, `boot/vmlinuz-${packages.release}`)
  const stub = target.bootStub
  const image = {
    board: target.name,
    kernel: stub ? kernelBehindStub({ root, cache, kernel: linux, board, stub, tell }) : linux,
    initramfs: initramfs({ cache, packages, kernel, modules: target.modules, bridge, tell }),
    deviceTree: target.deviceTree
      ? boardsTree({ cache, target, board, packages, kernel, tell })
      : machinesTree({ cache, target, board, tell }),
    disks: [
      systemDisk({ root, cache, node, packages, tell }),
      carillonDisk({ root, cache, node, firmware: target.firmware, besides, tell }),
    ],
    machine: target.machine(board),
    command: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).bin.carillon,
    linux: packages.image.version,
  }
  checkDisks(target, image.disks)
  if (besides.length === 0) {
    if (target.cardConfig) image.card = card({ root, cache, target, board, tell })
    writeManifest(root, image)
  }
  return image
}

/** Whether everything that has to be fetched for a board was. */
export function isFetched(target, cache) {
  const options = { mayFetch: false, tell: () => {} }
  try {
    debianPackages(cache, target.kernelPackage, options)
    nodeRelease(cache, options)
    return true
  } catch (error) {
    if (error.code === 'ERR_CARILLON_IMAGE_OFFLINE') return false
    throw error
  }
}

/** Where the machine has places for disks, they are no larger. */
function checkDisks({ name, diskBytesMax = [] }, disks) {
  for (const [index, most] of diskBytesMax.entries()) {
    const { size } = statSync(disks[index])
    if (size <= most) continue
    throw new MachineError(
      'ERR_CARILLON_IMAGE_BUILD',
      `disk ${index} of ${name} has ${size} bytes, of at most ${most}`,
    )
  }
}

/** Made of the board's own, which comes with Linux, as its boot loader makes it. */
function boardsTree({ cache, target, board, packages, kernel, tell }) {
  const { name } = target
  const emulation = { cache, name: `${name}-qemu`, source: target.emulation, tell }
  return overlaidDeviceTree({
    cache,
    name,
    base: join(kernel, `usr/lib/linux-image-${packages.release}`, target.deviceTree),
    overlays: [boardsOverlay({ cache, board, tell }), buildOverlay(emulation)],
    tell,
  })
}

function boardsOverlay({ cache, board, tell }) {
  return buildOverlay({ cache, name: board.name, source: overlaySource(board), tell })
}

function card({ root, cache, target, board, tell }) {
  const { name, firmware, cardConfig: config } = target
  const dtbo = boardsOverlay({ cache, board, tell })
  return writeCard({ root, name, dtbo, source: overlaySource(board), config, firmware })
}

/** QEMU says what its board is. */
function machinesTree({ cache, target, board, tell }) {
  const qemu = 'qemu-system-aarch64'
  const failure = { sentence: `${qemu} did not tell the device tree of its board` }
  const version = runMachineTool('.', qemu, ['--version'], failure).split('\n')[0]
  const [option, machine, ...rest] = target.machine(board)
  const quiet = ['-nodefaults', '-display', 'none']
  return buildDeviceTree({
    cache,
    board,
    tell,
    ingredients: [version, machine, rest],
    base: (path) => {
      runMachineTool('.', qemu, [option, `${machine},dumpdtb=${path}`, ...rest, ...quiet], failure)
    },
  })
}

/** In the checkout: which files make the image that was built from it last. */
const manifestPath = (root, board) => join(root, 'dist/.images', `${board}.json`)

function writeManifest(root, image) {
  const path = manifestPath(root, image.board)
  mkdirSync(join(path, '..'), { recursive: true })
  const bytes = filesOf(image).map((file) => statSync(file).size)
  writeJson(path, { ...image, bytes })
}

const filesOf = ({ kernel, initramfs, deviceTree, disks }) => [
  ...[kernel, initramfs, deviceTree],
  ...disks,
]

/**
 * The image of a board that was built last from a checkout.
 *
 * @returns {MachineImage}
 * @throws {MachineError} `ERR_CARILLON_MACHINE_IMAGE` where there is none, or a part of it is gone
 */
export function readImage(root, board) {
  const path = manifestPath(root, board)
  const image = readManifest(path)
  const refuse = (why) =>
    new MachineError('ERR_CARILLON_MACHINE_IMAGE', `${why}npm run image -- ${board}`)
  if (image === undefined) throw refuse(`there is no image of ${board}; to build it: `)
  for (const [at, file] of filesOf(image).entries()) {
    const bytes = statSync(file, { throwIfNoEntry: false })?.size
    if (bytes === undefined) {
      throw refuse(`there is no image of ${board}, of which ${file} is gone; to build it: `)
    }
    if (bytes !== image.bytes[at]) {
      throw refuse(
        `the image of ${board} is damaged: ${file} has ${bytes} bytes, not ${image.bytes[at]}; remove it, then `,
      )
    }
  }
  return image
}

/** Undefined where there is none that can be read: one that is built takes its place. */
function readManifest(path) {
  try {
    const image = JSON.parse(readFileSync(path, 'utf8'))
    return image !== null && filesOf(image).length === image.bytes.length ? image : undefined
  } catch {
    return undefined
  }
}
