import type { Command } from 'commander'
import {
  describeFirmware,
  type FirmwareDescription,
  isInterfaceKnown,
} from '../cores/describe-firmware.ts'
import { ELF_SEGMENT_FLAG } from '../cores/elf-segment.ts'
import { readElfFile } from '../cores/read-elf-file.ts'
import { errorCode } from '../errors.ts'
import { formatWord } from '../format-word.ts'
import { LAYOUT_HASH, LAYOUT_VERSION } from '../shm/shared-mem.ts'
import { oneLine } from './one-line.ts'
import { print } from './standard-output.ts'
import { textTable } from './text-table.ts'

const KIB = 1024n
const MIB = 1024n * KIB

/** Adds `carillon firmware` to the program: what an image is, and whether this host can run it. */
export function addFirmwareCommand(program: Command): void {
  const firmware = program.command('firmware').description('look at firmware')
  firmware
    .command('info')
    .description('show what an image is, and whether this host can run it')
    .argument('<IMAGE>', 'an ELF file')
    .option('--json', 'as one JSON object')
    .action(async (path: string, { json = false }: { readonly json?: boolean }) => {
      const found = describeFirmware(await readElfFile(path))
      print(`${json ? JSON.stringify(jsonOf(found), null, 2) : showFirmware(found)}\n`)
      // Last, so that it is seen: the exit code says it too.
      if (found.problem !== undefined) throw found.problem
    })
}

function showFirmware(found: FirmwareDescription): string {
  const { identity, layout, memory, stacks } = found
  const facts = [
    ['Processor', `${found.machine}, ${found.bits} bits, ${found.type}`],
    ['Firmware', identity === undefined ? 'it does not say' : showIdentity(identity)],
    ['Layout', layout === undefined ? 'it does not say' : showLayout(layout)],
    ['Entry', formatWord(found.entry)],
    ...(memory === undefined
      ? []
      : [
          [
            'Memory',
            `${formatWord(memory.start)} to ${formatWord(memory.end)}, ${size(memory.end - memory.start)}`,
          ],
        ]),
    ...(stacks === undefined
      ? []
      : [
          [
            'Stacks',
            `${stacks.count} of ${size(stacks.bytes)}, ${size(stacks.guardBytes)} of guard below each`,
          ],
        ]),
    ...found.symbols.flatMap(({ name, address: at, bytes, words }) => [
      ['Host sets', `${name}, ${bytes} bytes at ${formatWord(at)}:`],
      // A line of its own: with the name it would be too long.
      ['', words.join(', ')],
    ]),
  ]
  const width = Math.max(...facts.map(([name = '']) => name.length))
  return [
    oneLine(found.path),
    '',
    ...facts.map(([name = '', value = '']) => `${name.padEnd(width)}  ${oneLine(value)}`),
    '',
    textTable([
      ['Segment', 'Rights', 'In memory', 'In the file'],
      ...found.segments.map(({ address: at, flags, memoryBytes, fileBytes }) => [
        ...[formatWord(at), rights(flags), size(memoryBytes), size(BigInt(fileBytes))],
      ]),
    ]),
  ].join('\n')
}

type Identity = NonNullable<FirmwareDescription['identity']>

function showIdentity(identity: Identity): string {
  const { version, port, interfaceVersion } = identity
  const agrees = isInterfaceKnown(identity) ? "this host's" : "not this host's"
  return `${version} for ${port}, interface ${interfaceVersion}, ${agrees}`
}

function showLayout({ version, hash }: NonNullable<FirmwareDescription['layout']>): string {
  const agrees = isSameLayout(version, hash) ? "this host's" : "not this host's"
  return `version ${version}, hash ${formatWord(hash)}, ${agrees}`
}

function isSameLayout(version: number, hash: number): boolean {
  return version === LAYOUT_VERSION && hash === LAYOUT_HASH
}

/** As a linker's map has them: `r-x`. */
function rights(flags: number): string {
  const { READ, WRITE, EXECUTE } = ELF_SEGMENT_FLAG
  const letter = (flag: number, text: string) => ((flags & flag) === 0 ? '-' : text)
  return letter(READ, 'r') + letter(WRITE, 'w') + letter(EXECUTE, 'x')
}

function size(bytes: bigint): string {
  if (bytes >= MIB) return `${tenths(bytes, MIB)} MiB`
  return bytes >= KIB ? `${tenths(bytes, KIB)} KiB` : `${bytes} bytes`
}

/** Without a tenth where there is none. */
function tenths(bytes: bigint, unit: bigint): string {
  return (Number((bytes * 10n) / unit) / 10).toString()
}

/** Addresses are text, as JSON's numbers are not wide enough for them. */
function jsonOf(found: FirmwareDescription) {
  const { identity, layout, memory, stacks, problem } = found
  return {
    path: found.path,
    machine: found.machine,
    bits: found.bits,
    type: found.type,
    entry: formatWord(found.entry),
    firmware:
      identity === undefined ? null : { ...identity, isInterfaceKnown: isInterfaceKnown(identity) },
    layout:
      layout === undefined
        ? null
        : {
            version: layout.version,
            hash: formatWord(layout.hash),
            agrees: isSameLayout(layout.version, layout.hash),
          },
    memory:
      memory === undefined
        ? null
        : {
            start: formatWord(memory.start),
            end: formatWord(memory.end),
            bytes: Number(memory.end - memory.start),
          },
    segments: found.segments.map(({ address: at, flags, memoryBytes, fileBytes }) => ({
      address: formatWord(at),
      rights: rights(flags),
      memoryBytes: Number(memoryBytes),
      fileBytes,
    })),
    symbols: found.symbols.map(({ name, address: at, bytes, words }) => ({
      ...{ name, address: formatWord(at), bytes: Number(bytes), words },
    })),
    stacks:
      stacks === undefined
        ? null
        : {
            count: stacks.count,
            bytes: Number(stacks.bytes),
            guardBytes: Number(stacks.guardBytes),
          },
    problem: problem === undefined ? null : { code: errorCode(problem), message: problem.message },
  }
}
