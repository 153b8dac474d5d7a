import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder } from '../setup/files-under.mjs'
import { fingerprint } from '../setup/stamp.mjs'
import { keepMade } from './keep-made.mjs'
import { runMachineTool } from './tools.mjs'

const CROSS = 'aarch64-linux-gnu-'

/**
 * What is used of the kernel's package, unpacked: `boot/vmlinuz-RELEASE`, device trees, and the modules
 * that are named.
 *
 * @param {string} cache
 * @param {import('./debian-packages.mjs').MachinePackages} packages
 * @param {string[]} modules their paths below the kernel's folder of modules, without `.ko`
 * @param {string | undefined} deviceTree its path in the kernel's folder of device trees
 */
export function unpackKernel(cache, { release, image }, modules, deviceTree, tell) {
  const members = [
    `./boot/vmlinuz-${release}`,
    ...(deviceTree === undefined ? [] : [`./usr/lib/linux-image-${release}/${deviceTree}`]),
    ...modules.map((module) => `./lib/modules/${release}/kernel/${module}.ko`),
  ]
  return keepMade(
    join(cache, 'kernel'),
    {
      name: `kernel-${release}`,
      ingredients: [image.version, members],
      doing: `Unpacking Linux ${release}`,
      make: (path) => unpack(path, image.file, members),
    },
    tell,
  )
}

/** The archive in a package can be a gigabyte: only what is wanted of it comes to lie on the disk. */
function unpack(path, file, members) {
  const script =
    'mkdir "$1" && dpkg-deb --fsys-tarfile "$2" | (cd "$1" && shift 2 && tar -x -- "$@")'
  runMachineTool('.', 'bash', ['-o', 'pipefail', '-c', script, 'unpack', path, file, ...members], {
    sentence: `${file} could not be unpacked, or has not all that is wanted of it`,
  })
}

/**
 * The module of boards/linux, built for that kernel.
 *
 * @returns {string} the path of `carillon_bridge.ko`
 */
export function buildBridge(root, cache, { release, headers }, tell) {
  const sources = 'boards/linux'
  return keepMade(
    join(cache, 'kernel'),
    {
      name: `carillon_bridge-${release}`,
      suffix: '.ko',
      ingredients: [headers.map(({ version }) => version), fingerprint(root, [sources])],
      doing: `Building the kernel module for Linux ${release}`,
      make(path) {
        const build = `${path}.build`
        const files = filesUnder(root, sources).map((file) => join(root, file))
        const tree = unpackHeaders(cache, release, headers, tell)
        const failure = { sentence: 'The kernel module did not build (the output is above)' }
        runMachineTool('.', 'mkdir', [build], failure)
        runMachineTool('.', 'cp', ['--', ...files, build], failure)
        const kernel = join(tree, `usr/src/linux-headers-${release}`)
        const settings = [`KERNEL=${kernel}`, 'ARCH=arm64', `CROSS_COMPILE=${CROSS}`]
        runMachineTool(build, 'make', ['--silent', ...settings], failure)
        // What debugging knows of it is most of it.
        runMachineTool(
          build,
          `${CROSS}strip`,
          ['--strip-debug', '-o', path, 'carillon_bridge.ko'],
          failure,
        )
      },
    },
    tell,
  )
}

/** The headers of a kernel, unpacked, and able to lie anywhere. */
function unpackHeaders(cache, release, headers, tell) {
  return keepMade(
    join(cache, 'kernel'),
    {
      name: `headers-${release}`,
      ingredients: headers.map(({ name, version, architecture }) => [name, version, architecture]),
      doing: `Unpacking the headers of Linux ${release}`,
      make(path) {
        for (const { file } of headers) {
          runMachineTool('.', 'dpkg-deb', ['--extract', file, path], {
            sentence: `${file} could not be unpacked`,
          })
        }
        relocate(join(path, 'usr/src'))
      },
    },
    tell,
  )
}

/** Debian's headers include one another by where they are installed. */
function relocate(sources) {
  for (const name of readdirSync(sources).filter((entry) => entry.startsWith('linux-headers-'))) {
    const makefile = join(sources, name, 'Makefile')
    const text = readFileSync(makefile, 'utf8')
    writeFileSync(
      makefile,
      text.replace(
        /^include \/usr\/src\/(\S+)$/m,
        'include $(dir $(lastword $(MAKEFILE_LIST)))../$1',
      ),
    )
  }
}
