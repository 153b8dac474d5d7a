/** What a section of a made-up ELF file is. */
export interface ImageSection {
  readonly name: string
  readonly type?: number
  readonly flags?: number
  readonly address?: bigint
  readonly bytes?: Uint8Array
  /** Where it is not in the file. */
  readonly memoryBytes?: bigint
  readonly link?: number
  readonly entryBytes?: number
}

export interface ImageSegment {
  readonly type?: number
  readonly flags?: number
  readonly bytes?: Uint8Array
  readonly virtualAddress?: bigint
  readonly physicalAddress?: bigint
  readonly memoryBytes?: bigint
}

export interface ElfImage {
  readonly bits: 32 | 64
  readonly machine?: number
  /** 2, a program, by default. */
  readonly type?: number
  readonly entry?: bigint
  readonly segments?: readonly ImageSegment[]
  /** Those that follow the empty one. Their names come last, in `.shstrtab`. */
  readonly sections?: readonly ImageSection[]
}

export const SECTION_TYPE = { PROGRAM: 1, SYMBOLS: 2, STRINGS: 3, NO_BITS: 8 } as const

/** Puts numbers one after the other, little-endian. */
class Writer {
  readonly #bits: 32 | 64
  readonly #pieces: Buffer[] = []

  constructor(bits: 32 | 64) {
    this.#bits = bits
  }

  number(bytes: 1 | 2 | 4 | 8, value: number | bigint): this {
    const piece = Buffer.alloc(8)
    piece.writeBigUInt64LE(BigInt(value))
    this.#pieces.push(piece.subarray(0, bytes))
    return this
  }

  /** As wide as an address. */
  word(value: number | bigint): this {
    return this.number(this.#bits === 32 ? 4 : 8, value)
  }

  bytes(bytes: Uint8Array): this {
    this.#pieces.push(Buffer.from(bytes))
    return this
  }

  take(): Buffer {
    return Buffer.concat(this.#pieces)
  }
}

/** A table of strings, and where each of them begins. */
export function stringTable(strings: readonly string[]): { bytes: Buffer; offsets: number[] } {
  let length = 1
  const offsets = strings.map((text) => {
    const at = length
    length += Buffer.byteLength(text) + 1
    return at
  })
  return { bytes: Buffer.from(`\0${strings.map((text) => `${text}\0`).join('')}`), offsets }
}

export interface ImageSymbol {
  readonly value: bigint
  readonly bytes: bigint
  readonly section: number
}

/** A table of global objects of a 64-bit file, after the empty one. */
export function objectTable(names: readonly number[], symbols: readonly ImageSymbol[]): Buffer {
  const out = new Writer(64).bytes(new Uint8Array(24))
  for (const [index, { value, bytes, section }] of symbols.entries()) {
    out
      .number(4, names[index] ?? 0)
      .number(1, 0x11)
      .number(1, 0)
      .number(2, section)
    out.word(value).word(bytes)
  }
  return out.take()
}

/** A table of symbols whose names are `names`, with values 0x1000, 0x1001, … in section 1. */
export function symbolTable(bits: 32 | 64, nameOffsets: readonly number[]): Buffer {
  const out = new Writer(bits)
  for (const [index, name] of nameOffsets.entries()) {
    const value = 0x1000 + index
    // A global function of 16 bytes.
    if (bits === 32)
      out.number(4, name).word(value).word(16).number(1, 0x12).number(1, 0).number(2, 1)
    else out.number(4, name).number(1, 0x12).number(1, 0).number(2, 1).word(value).word(16)
  }
  return out.take()
}

/** The file: header, segments, what is in segments and sections, the sections. */
export function elfImage({
  bits,
  machine = 62,
  type = 2,
  entry = 0n,
  segments = [],
  sections = [],
}: ElfImage) {
  const sizes =
    bits === 32
      ? { header: 52, segment: 32, section: 40 }
      : { header: 64, segment: 56, section: 64 }
  const names = stringTable([...sections.map(({ name }) => name), '.shstrtab'])
  const all: ImageSection[] = [
    ...sections,
    { name: '.shstrtab', type: SECTION_TYPE.STRINGS, bytes: names.bytes },
  ]
  const contents = new Writer(bits)
  let end = sizes.header + segments.length * sizes.segment
  const place = (bytes: Uint8Array = new Uint8Array()) => {
    contents.bytes(bytes)
    end += bytes.length
    return { offset: end - bytes.length, length: bytes.length }
  }
  const segmentTable = new Writer(bits)
  for (const { type: kind = 1, flags = 5, bytes, ...segment } of segments) {
    const { virtualAddress = 0n, physicalAddress = 0n } = segment
    const { offset, length } = place(bytes)
    segmentTable.number(4, kind)
    if (bits === 64) segmentTable.number(4, flags)
    segmentTable.word(offset).word(virtualAddress).word(physicalAddress)
    segmentTable.word(length).word(segment.memoryBytes ?? length)
    if (bits === 32) segmentTable.number(4, flags)
    segmentTable.word(4)
  }
  const sectionTable = new Writer(bits).bytes(new Uint8Array(sizes.section))
  for (const [
    index,
    { type: kind = SECTION_TYPE.PROGRAM, bytes, link = 0, entryBytes = 0, ...section },
  ] of all.entries()) {
    const { offset, length } = place(bytes)
    sectionTable.number(4, names.offsets[index] ?? 0).number(4, kind)
    sectionTable.word(section.flags ?? 0).word(section.address ?? 0)
    sectionTable.word(offset).word(section.memoryBytes ?? length)
    sectionTable.number(4, link).number(4, 0).word(1).word(entryBytes)
  }
  const header = new Writer(bits)
    .bytes(Buffer.from([0x7f, 0x45, 0x4c, 0x46, bits / 32, 1, 1, ...new Uint8Array(9)]))
    .number(2, type)
    .number(2, machine)
    .number(4, 1)
    .word(entry)
    .word(segments.length === 0 ? 0 : sizes.header)
    .word(end)
    .number(4, 0)
    .number(2, sizes.header)
    .number(2, sizes.segment)
    .number(2, segments.length)
    .number(2, sizes.section)
    .number(2, all.length + 1)
    .number(2, all.length)
  return Buffer.concat([header.take(), segmentTable.take(), contents.take(), sectionTable.take()])
}
