import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runMachineTool } from './tools.mjs'

/**
 * An apt of our own in a folder: for arm64, and for this machine's architecture, of which the kernel's
 * build tools are. It takes the sources of the system's and how those are reached (mirrors, proxies, keys)
 * and changes nothing there; nothing is ever installed by it.
 */
export class AptRoot {
  #folder
  #environment

  /** @param {string} folder is made where it is not there */
  constructor(folder) {
    this.#folder = folder
    this.#environment = { APT_CONFIG: join(folder, 'apt.conf') }
    for (const path of ['lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(folder, path), { recursive: true })
    }
    writeFileSync(join(folder, 'status'), '')
    const native = run(folder, 'dpkg', ['--print-architecture']).trim()
    const system = run(folder, 'apt-config', ['dump'], { APT_CONFIG: '' })
    writeFileSync(join(folder, 'apt.conf'), aptConfiguration(folder, native, system))
    this.native = native
  }

  /** Fetches the lists of packages. */
  update() {
    this.#run('apt-get', ['update', '-qq'], {
      code: 'ERR_CARILLON_IMAGE_DOWNLOAD',
      sentence: "The lists of Debian's packages could not be fetched (apt's output is above)",
    })
  }

  /** The newest of each of these packages, in their order. */
  show(names) {
    const output = this.#run('apt-cache', ['show', '--no-all-versions', ...names], {
      code: 'ERR_CARILLON_IMAGE_PACKAGE',
      sentence: `apt's sources do not have all of ${names.join(', ')}: the machine is made of packages of Debian 12 or later`,
    })
    return packagesShown(output)
  }

  /** Fetches packages into a folder. */
  download(folder, packages) {
    const names = packages.map(
      ({ name, architecture, version }) => `${name}:${architecture}=${version}`,
    )
    this.#run(
      'apt-get',
      ['download', '-qq', ...names],
      {
        code: 'ERR_CARILLON_IMAGE_DOWNLOAD',
        sentence: `${names.join(', ')} could not be fetched (apt's output is above)`,
      },
      folder,
    )
  }

  #run(command, args, failure, folder = this.#folder) {
    return runMachineTool(folder, command, args, { ...failure, env: this.#environment })
  }
}

function run(folder, command, args, env = {}) {
  return runMachineTool(folder, command, args, {
    sentence: `${command} is Debian's, and did not run: the machine is made of Debian's packages`,
    env,
  })
}

/** How the system reaches its sources; not what it does after an update, nor which lists it wants. */
const REACHING = /^Acquire::(?!IndexTargets|Languages|CompressionTypes|Changelogs|GzipIndexes)/

/**
 * The configuration of our own apt.
 *
 * @param {string} folder of it
 * @param {string} native this machine's architecture, as Debian calls it
 * @param {string} system what `apt-config dump` prints
 */
export function aptConfiguration(folder, native, system) {
  const architectures = [...new Set(['arm64', native])]
  return [
    ...system.split('\n').filter((line) => REACHING.test(line)),
    // Whatever else the system has set stays out: what it does after an update, above all.
    'Dir::Etc::Main "/dev/null";',
    'Dir::Etc::Parts "/dev/null";',
    'APT::Architecture "arm64";',
    `APT::Architectures { ${architectures.map((name) => `"${name}";`).join(' ')} };`,
    // Fetched as whoever runs this: apt's own user may have no way to the folder.
    'APT::Sandbox::User "";',
    'Acquire::Languages "none";',
    'Acquire::GzipIndexes "true";',
    `Dir::State "${folder}";`,
    `Dir::State::Status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
    '',
  ].join('\n')
}

/**
 * Reads what `apt-cache show` prints.
 *
 * @returns {{ name: string, version: string, architecture: string, depends: string[], sha256: string }[]}
 */
export function packagesShown(output) {
  return output
    .split(/\n{2,}/)
    .map((paragraph) => {
      const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? ''
      return {
        name: field('Package'),
        version: field('Version'),
        architecture: field('Architecture'),
        // Alternatives and versions do not matter for the packages that we ask about.
        depends: field('Depends')
          .split(',')
          .map((wanted) => wanted.trim().split(/[ :|(]/)[0])
          .filter(Boolean),
        sha256: field('SHA256'),
      }
    })
    .filter(({ name }) => name !== '')
}
