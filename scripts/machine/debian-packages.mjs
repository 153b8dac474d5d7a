import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { AptRoot } from './apt-root.mjs'
import { MachineError } from './machine-error.mjs'
import { writeJson } from './write-json.mjs'

/** What runs inside besides the kernel: a shell and its tools, and the libraries that Node needs. */
const USERLAND = ['busybox-static', 'libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1']

/**
 * @typedef {{ name: string, version: string, architecture: string, sha256: string, file: string }} DebianPackage
 *   `file` is where it lies
 * @typedef {{ release: string, image: DebianPackage, headers: DebianPackage[], userland: DebianPackage[] }}
 *   MachinePackages `release` is the kernel's, as `uname -r` prints it; `headers` is what modules are built
 *   against
 */

/**
 * The Debian packages that a machine is made of: those that were used last, or the newest.
 *
 * @param {string} cache
 * @param {string} kernel a package that depends on the newest kernel: `linux-image-cloud-arm64`
 * @param {{ isUpdate?: boolean, mayFetch?: boolean, tell: (line: string) => void }} options `isUpdate`
 *   asks for newer ones; without `mayFetch` nothing is fetched
 * @returns {MachinePackages}
 * @throws {MachineError} `ERR_CARILLON_IMAGE_PACKAGE`, `ERR_CARILLON_IMAGE_DOWNLOAD`;
 *   `ERR_CARILLON_IMAGE_OFFLINE` where something would have to be fetched and may not
 */
export function debianPackages(cache, kernel, { isUpdate = false, mayFetch = true, tell }) {
  const folder = join(cache, 'debian')
  const list = join(folder, `${kernel}.json`)
  const known = isUpdate ? undefined : knownPackages(folder, list)
  if (known !== undefined) return known
  if (!mayFetch) {
    throw new MachineError(
      'ERR_CARILLON_IMAGE_OFFLINE',
      `the Debian packages for ${kernel} are not in ${folder}`,
    )
  }
  mkdirSync(folder, { recursive: true })
  const apt = new AptRoot(join(folder, 'apt'))
  tell("Fetching the lists of Debian's packages")
  apt.update()
  const found = resolvePackages(apt, kernel)
  fetchMissing(apt, folder, allOf(found), tell)
  writeJson(list, found)
  return withFiles(folder, found)
}

const allOf = ({ image, headers, userland }) => [image, ...headers, ...userland]

/** As apt names what it fetches. */
export function packageFile({ name, version, architecture }) {
  return `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`
}

function knownPackages(folder, list) {
  if (!existsSync(list)) return undefined
  const found = JSON.parse(readFileSync(list, 'utf8'))
  const isThere = (one) => existsSync(join(folder, packageFile(one)))
  return allOf(found).every(isThere) ? withFiles(folder, found) : undefined
}

function withFiles(folder, { release, image, headers, userland }) {
  const placed = (one) => ({ ...one, file: join(folder, packageFile(one)) })
  return {
    release,
    image: placed(image),
    headers: headers.map(placed),
    userland: userland.map(placed),
  }
}

/** The kernel that `kernel` stands for today, and what belongs to it. */
function resolvePackages(apt, kernel) {
  const [meta] = apt.show([kernel])
  const imageName = meta.depends.find((name) => name.startsWith('linux-image-'))
  const release = imageName?.slice('linux-image-'.length)
  if (release === undefined) {
    throw new MachineError(
      'ERR_CARILLON_IMAGE_PACKAGE',
      `${kernel} depends on no kernel: ${meta.depends.join(', ')}`,
    )
  }
  const [image, headers] = apt.show([imageName, `linux-headers-${release}`])
  // The headers that all kernels have in common, and the programs of the build, which run on this machine.
  const rest = headers.depends
    .filter((name) => /^linux-(headers-.*-common|kbuild-)/.test(name))
    .map((name) => (name.startsWith('linux-kbuild-') ? `${name}:${apt.native}` : name))
  return { release, image, headers: [headers, ...apt.show(rest)], userland: apt.show(USERLAND) }
}

function fetchMissing(apt, folder, packages, tell) {
  const missing = packages.filter((one) => !existsSync(join(folder, packageFile(one))))
  if (missing.length === 0) return
  tell(`Fetching ${missing.length} packages of Debian's`)
  // None is seen before it is whole.
  const unfinished = mkdtempSync(join(folder, '.unfinished-'))
  try {
    apt.download(unfinished, missing)
    for (const file of readdirSync(unfinished)) {
      renameSync(join(unfinished, file), join(folder, file))
    }
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}
