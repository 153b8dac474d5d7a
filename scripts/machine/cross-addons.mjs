import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder } from '../setup/files-under.mjs'
import { fingerprint } from '../setup/stamp.mjs'
import { keepMade } from './keep-made.mjs'
import { NODE_VERSION } from './node-release.mjs'
import { runMachineTool } from './tools.mjs'

const COMPILER = 'aarch64-linux-gnu-g++'
const FLAGS = ['-shared', '-fPIC', '-std=gnu++17', '-O2', '-DBUILDING_NODE_EXTENSION', '-w']

/** Carillon's own addon for the machine, as native/binding.gyp has it. */
export function crossNative(root, cache, node, tell) {
  const sources = filesUnder(root, 'native/src').filter((file) => file.endsWith('.cc'))
  return crossAddon(root, cache, node, tell, {
    name: 'carillon',
    inputs: ['native/src'],
    flags: ['-DNAPI_VERSION=8', '-fvisibility=hidden', '-Wl,-z,nodelete'],
    sources,
  })
}

/** mmap-io's, from the sources of the package that is installed here. */
export function crossMmapIo(root, cache, node, tell) {
  return crossAddon(root, cache, node, tell, {
    name: 'mmap_io',
    inputs: ['node_modules/mmap-io/src', 'node_modules/nan/package.json'],
    flags: [`-I${join(root, 'node_modules/nan')}`],
    sources: ['node_modules/mmap-io/src/mmap-io.cc'],
  })
}

/** @returns {string} the path of a `.node` */
function crossAddon(root, cache, node, tell, { name, inputs, flags, sources }) {
  return keepMade(
    join(cache, 'addons'),
    {
      name,
      suffix: '.node',
      ingredients: [NODE_VERSION, FLAGS, fingerprint(root, inputs)],
      doing: `Compiling ${name}.node for arm64`,
      make(path) {
        const headers = `-I${join(node, 'include/node')}`
        const module = `-DNODE_GYP_MODULE_NAME=${name}`
        const args = [...FLAGS, ...flags, headers, module, ...sources, '-o', path]
        runMachineTool(root, COMPILER, args, {
          sentence: `${name}.node did not compile for arm64 (the output is above)`,
        })
      },
    },
    tell,
  )
}

/** The hosted firmware for the machine's own processor. */
export function crossHostedFirmware(root, cache, tell) {
  return keepMade(
    join(cache, 'addons'),
    {
      name: 'carillon-core',
      ingredients: fingerprint(root, [
        'firmware/core',
        'firmware/dsp',
        'firmware/include',
        'firmware/port/hosted',
        'firmware/Makefile',
        'package.json',
      ]),
      doing: 'Compiling the hosted firmware for arm64',
      make(path) {
        const build = `${path}.build`
        mkdirSync(build)
        const settings = ['PORT=hosted', 'CC=aarch64-linux-gnu-gcc', `BUILD=${build}`]
        const failure = { sentence: 'The hosted firmware did not compile for arm64 (see above)' }
        runMachineTool(root, 'make', ['-C', 'firmware', ...settings], failure)
        runMachineTool(build, 'mv', ['carillon-core', path], failure)
      },
    },
    tell,
  )
}
