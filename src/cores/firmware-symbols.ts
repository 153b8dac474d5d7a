import { stat } from 'node:fs/promises'
import { findSourceLine, type SourceLine } from './dwarf-line.ts'
import type { ElfFile } from './elf-file.ts'
import type { ElfSymbol } from './elf-symbol.ts'
import { ElfError } from './errors.ts'
import { readElfFile } from './read-elf-file.ts'

/** Kinds of symbol (`STT_…`) that can name an instruction: of assembly, labels have no kind. */
const NO_TYPE = 0
const FUNCTION = 2

/** A flag of a section: it is executed. */
const EXECUTABLE = 4n

/** Where in a program an instruction is, as far as the file says. */
export interface CodeLocation {
  /** In the file: where the image was not moved, the address itself. */
  readonly address: bigint
  /** The function, and how far into it, in bytes. */
  readonly symbol?: { readonly name: string; readonly offset: bigint }
  readonly source?: SourceLine
}

/** Which file is at a path: changes when another takes its place. */
export interface ImageVersion {
  readonly path: string
  readonly identity: string
}

/** Undefined where there is no file. */
export async function imageVersion(path: string): Promise<ImageVersion | undefined> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(path)
    return { path, identity: `${dev} ${ino} ${size} ${mtimeMs}` }
  } catch {
    return undefined
  }
}

/**
 * Where an address is in the source of the image that a core was started from. Whatever the file
 * does not say, or cannot be read, or where it is another one by now, is left out.
 *
 * @param image what the core was started from; undefined where that is not known.
 */
export async function locateInImage(
  image: ImageVersion | undefined,
  address: bigint,
): Promise<CodeLocation> {
  if (image === undefined || (await imageVersion(image.path))?.identity !== image.identity) {
    return { address }
  }
  try {
    return locate(await readElfFile(image.path), address)
  } catch (error) {
    if (error instanceof ElfError) return { address }
    throw error
  }
}

/** As {@link locateInImage}, in a file that was read. */
export function locate(elf: ElfFile, address: bigint): CodeLocation {
  const symbol = leavingOut(() => symbolAt(elf, address))
  // Past all code a line of something else would be found.
  if (symbol === undefined) return { address }
  const source = leavingOut(() =>
    address <= Number.MAX_SAFE_INTEGER ? findSourceLine(elf, Number(address)) : undefined,
  )
  const offset = address - symbol.value
  return { address, symbol: { name: symbol.name, offset }, ...(source && { source }) }
}

/** `stream_process+0x1c (core/stream.c:123)`, or as much of it as is known; else empty. */
export function locationText({ symbol, source }: CodeLocation): string {
  if (symbol === undefined) return ''
  const line = source === undefined ? '' : ` (${source.file}:${source.line})`
  return symbolText(symbol) + line
}

/** `stream_process+0x1c` */
export function symbolText({ name, offset }: NonNullable<CodeLocation['symbol']>): string {
  return `${name}+0x${offset.toString(16)}`
}

/** The nearest name at or before an address, in the same section. One that is sized ends there. */
function symbolAt(elf: ElfFile, address: bigint): ElfSymbol | undefined {
  const section = elf.sections.findIndex(
    ({ flags, address: start, memoryBytes }) =>
      (flags & EXECUTABLE) !== 0n && start <= address && address < start + memoryBytes,
  )
  if (section === -1) return undefined
  let nearest: ElfSymbol | undefined
  for (const symbol of elf.symbols()) {
    if (symbol.section !== section || symbol.value > address || isNoName(symbol)) continue
    if (symbol.bytes > 0n && address >= symbol.value + symbol.bytes) continue
    if (nearest === undefined || isNearer(symbol, nearest)) nearest = symbol
  }
  return nearest
}

/** Of several names of one place, that of a function. */
function isNearer(symbol: ElfSymbol, than: ElfSymbol): boolean {
  if (symbol.value !== than.value) return symbol.value > than.value
  return symbol.type === FUNCTION && than.type !== FUNCTION
}

/** Symbols of a file or a section; `$x` and `$d`, with which AArch64 tells code from data. */
function isNoName({ name, type }: ElfSymbol): boolean {
  return name === '' || name.startsWith('$') || (type !== NO_TYPE && type !== FUNCTION)
}

function leavingOut<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ElfError) return undefined
    throw error
  }
}
