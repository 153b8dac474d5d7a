import { execFile } from 'node:child_process'
import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ElfFile } from '../../src/cores/elf-file.ts'
import { locate, locationText } from '../../src/cores/firmware-symbols.ts'
import { escaped } from '../../src/cores/qemu-board.ts'
import { REPOSITORY } from './repository.ts'

/** As region-accesses.c has them. */
const MAGIC = 0x3153455353454343n
const KINDS = ['unaligned', 'unaligned in a record', 'read-modify-write', 'zeroing'] as const
const HEAD_WORDS = 5
const SITE_WORDS = 6

/** Where the region is that is looked at: a range of a machine's memory, or a file that a process maps. */
export type LookedAt =
  | {
      /** An address, in whole pages. */
      readonly start: number
      readonly bytes: number
      /** Whether it is one as the cores have it, which map nothing elsewhere. Default: a physical one. */
      readonly isVirtual?: boolean
    }
  | { readonly file: string }

export interface RegionAccessesOptions {
  /** Where records lie, in bytes from the region's start. Default nowhere. */
  readonly records?: readonly { readonly start: number; readonly end: number }[]
  /** The only core, or thread, that is looked at. Default all of them. */
  readonly core?: number
}

/** An instruction that did what a device's memory does not take. */
export interface AccessSite {
  readonly kind: (typeof KINDS)[number]
  readonly count: number
  /** Its address, as the core has it. */
  readonly instruction: bigint
  /** Of the first such access, in the region. */
  readonly offset: number
  /** What the access has to be aligned to. */
  readonly bytes: number
  /** The instruction, where it is one of 32 bits. */
  readonly code: number
}

/** What one core, or one thread, did to the region. */
export interface CoreAccesses {
  readonly cpu: number
  /** How many, by their width in bytes. */
  readonly loads: ReadonlyMap<number, number>
  readonly stores: ReadonlyMap<number, number>
  readonly sites: readonly AccessSite[]
  /** How often an instruction did so for which there was no place in `sites`. */
  readonly sitesLeftOff: number
}

/**
 * What a side has to keep to:
 *
 * - `device`: what a device's memory takes. Each access is aligned to its own width, or to that of
 *   each element of a pair or a vector; no exclusive or other atomic, and no DC ZVA.
 * - `memory`: what both sides need, however they map it. Words that both use are aligned, so that
 *   each is read and written at once; and nothing is read and written back as one. Records, which only one
 *   side uses at a time, may be copied in any way.
 */
export type AccessRule = 'device' | 'memory'

const FORBIDDEN: Readonly<Record<AccessRule, readonly AccessSite['kind'][]>> = {
  device: KINDS,
  memory: ['unaligned', 'read-modify-write'],
}

/** What was done between two looks. */
export function accessesSince(
  before: readonly CoreAccesses[],
  now: readonly CoreAccesses[],
): CoreAccesses[] {
  return now.map(({ cpu, loads, stores, sites, sitesLeftOff }) => {
    const then = before.find((core) => core.cpu === cpu)
    return {
      cpu,
      loads: countsSince(then?.loads, loads),
      stores: countsSince(then?.stores, stores),
      sites: sites
        .map((site) => ({ ...site, count: site.count - countOf(then?.sites, site) }))
        .filter(({ count }) => count > 0),
      sitesLeftOff: sitesLeftOff - (then?.sitesLeftOff ?? 0),
    }
  })
}

function countsSince(
  before: ReadonlyMap<number, number> | undefined,
  now: ReadonlyMap<number, number>,
): Map<number, number> {
  const since = [...now].map(
    ([bytes, count]) => [bytes, count - (before?.get(bytes) ?? 0)] as const,
  )
  return new Map(since.filter(([, count]) => count > 0))
}

function countOf(
  sites: readonly AccessSite[] | undefined,
  { kind, instruction }: AccessSite,
): number {
  const same = sites?.find((site) => site.kind === kind && site.instruction === instruction)
  return same?.count ?? 0
}

/**
 * What was done against a rule, a sentence for each instruction.
 *
 * @param image what the cores ran, to name their lines.
 */
export function offences(
  cores: readonly CoreAccesses[],
  rule: AccessRule,
  image?: ElfFile,
): string[] {
  return cores.flatMap(({ cpu, sites, sitesLeftOff }) => [
    ...sites
      .filter(({ kind }) => FORBIDDEN[rule].includes(kind))
      .map((site) => `core ${cpu}: ${describeSite(site, image)}`),
    ...(sitesLeftOff > 0 ? [`core ${cpu}: ${sitesLeftOff} accesses of instructions unknown`] : []),
  ])
}

function describeSite(site: AccessSite, image: ElfFile | undefined): string {
  const { kind, count, instruction, offset, bytes, code } = site
  const location = image === undefined ? '' : locationText(locate(image, instruction))
  const where = location === '' ? '' : `, ${location}`
  return `${count} × ${kind}, ${bytes} bytes, first at ${hex(offset)} of the region, by ${hex(code)} at ${hex(instruction)}${where}`
}

const hex = (value: number | bigint) => `0x${value.toString(16)}`

/**
 * Looks at every access that an emulator's cores make to the shared region: QEMU with a plugin
 * (region-accesses.c).
 */
export class RegionAccesses {
  /** QEMU's. */
  readonly arguments: readonly string[]
  readonly #folder: string
  readonly #report: string

  private constructor(folder: string, args: readonly string[], report: string) {
    this.#folder = folder
    this.arguments = args
    this.#report = report
  }

  /**
   * Builds the plugin.
   *
   * @param folder an empty one of the caller's, for it and for what it counts.
   */
  static async prepare(
    folder: string,
    at: LookedAt,
    { records = [], core }: RegionAccessesOptions = {},
  ): Promise<RegionAccesses> {
    const plugin = join(folder, 'region-accesses.so')
    await promisify(execFile)('gcc', [
      ...['-std=gnu11', '-O2', '-fPIC', '-shared', '-fvisibility=hidden', '-Wall', '-Wextra'],
      ...['-Werror', '-o', plugin, join(REPOSITORY, 'test/support/region-accesses.c')],
    ])
    const report = join(folder, 'accesses')
    const given = [
      `out=${report}`,
      ...placeOf(at),
      ...records.map(({ start, end }) => `records=${start}-${end}`),
      ...(core === undefined ? [] : [`core=${core}`]),
    ]
    return new RegionAccesses(
      folder,
      ['-plugin', [plugin, ...given].map(escaped).join(',')],
      report,
    )
  }

  /**
   * A program that is the emulator with the plugin, to be started in its place.
   *
   * @param args what the emulator is given before its arguments: of one for processes, the program.
   */
  emulator(command: string, args: readonly string[] = []): string {
    const path = join(this.#folder, command)
    const words = [command, ...this.arguments, ...args].map(quoted)
    writeFileSync(path, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, { mode: 0o700 })
    return path
  }

  /** What was counted until now; also after the emulator was killed. Cores that did nothing are left out. */
  read(): CoreAccesses[] {
    const bytes = readFileSync(this.#report)
    const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 3)
    const [magic, cpus = 0n, widths = 0n, sites = 0n, leftOff] = words
    if (magic !== MAGIC) throw new Error('the plugin was not loaded: its report is none')
    if (leftOff !== 0n) throw new Error(`there are more than ${cpus} cores or threads`)
    const count = 2 * Number(widths) + 2 + SITE_WORDS * Number(sites)
    return Array.from({ length: Number(cpus) }, (_, cpu) => {
      const at = HEAD_WORDS + cpu * count
      return coreAccesses(cpu, words.subarray(at, at + count), Number(widths))
    }).filter(({ loads, stores }) => loads.size + stores.size > 0)
  }
}

function placeOf(at: LookedAt): string[] {
  if ('file' in at) return [`region=${realpathSync(at.file)}`]
  const { start, bytes, isVirtual = false } = at
  return [`start=${start}`, `end=${start + bytes}`, ...(isVirtual ? ['virtual=on'] : [])]
}

/** A word of the shell's. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

function coreAccesses(cpu: number, words: BigUint64Array, widths: number): CoreAccesses {
  const [siteCount = 0n, sitesLeftOff = 0n] = words.subarray(2 * widths)
  const first = 2 * widths + 2
  return {
    cpu,
    loads: byWidth(words.subarray(0, widths)),
    stores: byWidth(words.subarray(widths, 2 * widths)),
    sites: Array.from({ length: Number(siteCount) }, (_, index) =>
      accessSite(words.subarray(first + SITE_WORDS * index)),
    ),
    sitesLeftOff: Number(sitesLeftOff),
  }
}

function byWidth(counts: BigUint64Array): Map<number, number> {
  const found = new Map<number, number>()
  counts.forEach((count, shift) => {
    if (count > 0n) found.set(2 ** shift, Number(count))
  })
  return found
}

function accessSite(words: BigUint64Array): AccessSite {
  const [count = 0n, kind = 0n, instruction = 0n, offset, bytes, code] = words
  const name = KINDS[Number(kind)]
  if (name === undefined) throw new Error(`the plugin knows no kind ${kind}`)
  return {
    ...{ kind: name, count: Number(count), instruction },
    ...{ offset: Number(offset), bytes: Number(bytes), code: Number(code) },
  }
}
