import { existsSync, readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import {
  BOOT_PARAMETERS,
  BOOT_PARAMETERS_BYTES,
  type BootParameters,
  bootParameterBytes,
} from '../../src/cores/boot-parameters.ts'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'
import { ElfFile } from '../../src/cores/elf-file.ts'
import { FirmwareImage, type FirmwareTarget } from '../../src/cores/firmware-image.ts'
import { loadableElf } from '../../src/cores/loadable-elf.ts'
import { qemuTarget } from '../../src/cores/qemu-firmware.ts'
import { CarillonError, type ErrorCode } from '../../src/errors.ts'
import { FIRMWARE_INTERFACE } from '../../src/shm/firmware-note.ts'
import { LAYOUT_VERSION } from '../../src/shm/shared-mem.ts'
import { DECLARED } from '../support/layout-image.ts'
import {
  CODE,
  DATA,
  type MadeUpFirmware,
  madeUpFirmware,
  noteImage,
  PARAMETERS,
  segmentAt,
  TARGET,
} from '../support/made-up-firmware.ts'
import { BOARDS } from '../support/needs-board.ts'

const VALUES = { [BOOT_PARAMETERS]: new Uint8Array(BOOT_PARAMETERS_BYTES).fill(0xaa) }

function imageOf(changes: MadeUpFirmware = {}): FirmwareImage {
  return new FirmwareImage(new ElfFile('core.elf', madeUpFirmware(changes)), TARGET)
}

test('what is loaded is the file, with what the host sets', (t) => {
  const image = imageOf()
  const [code, data, ...others] = image.load(VALUES)
  t.deepEqual(others, [])
  t.like(code, { physicalAddress: 0x10000n, flags: 5, memoryBytes: 0x100n, bytes: CODE.bytes })
  t.like(data, { physicalAddress: 0x11000n, flags: 6, memoryBytes: 0x40n })
  t.deepEqual(data?.bytes.subarray(0, BOOT_PARAMETERS_BYTES), VALUES[BOOT_PARAMETERS])
  t.deepEqual(
    data?.bytes.subarray(BOOT_PARAMETERS_BYTES),
    DATA.bytes?.subarray(BOOT_PARAMETERS_BYTES),
  )
  t.deepEqual(image.identity, {
    ...{ interfaceVersion: FIRMWARE_INTERFACE, port: 'board', version: '1.2.3' },
  })
  t.is(image.entry, 0x10000n)
  t.deepEqual(image.memory, { start: 0x10000n, end: 0x11040n })
  const again = image.load({ [BOOT_PARAMETERS]: new Uint8Array(BOOT_PARAMETERS_BYTES) })
  t.deepEqual(
    again[1]?.bytes.subarray(0, BOOT_PARAMETERS_BYTES),
    new Uint8Array(BOOT_PARAMETERS_BYTES),
    'the image stays as it is',
  )
  for (const values of [{}, { [BOOT_PARAMETERS]: new Uint8Array(BOOT_PARAMETERS_BYTES - 1) }]) {
    t.throws(() => image.load(values), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})

test('an object is set where its segment is loaded, wherever the program finds it', (t) => {
  const moved = { ...DATA, virtualAddress: 0xffff_0000_0000n }
  const symbol = { ...PARAMETERS, value: 0xffff_0000_0010n }
  const [, data] = imageOf({ segments: [CODE, moved], symbol }).load(VALUES)
  t.is(data?.physicalAddress, 0x11000n)
  t.deepEqual(data?.bytes.subarray(0x10, 0x10 + BOOT_PARAMETERS_BYTES), VALUES[BOOT_PARAMETERS])
  const elsewhere = { ...CODE, virtualAddress: 0x7000_0000n }
  t.is(imageOf({ segments: [elsewhere, DATA], entry: 0x7000_0004n }).entry, 0x10004n)
})

test('the file for a loader has the segments as they are to be in memory', (t) => {
  const image = imageOf({ segments: [segmentAt(0x10000n, 0x80, 5, 0x200n), DATA] })
  const segments = image.load(VALUES)
  const file = new ElfFile('loaded.elf', loadableElf(image, segments))
  t.like(file, { bits: 64, machine: 183, type: 2, entry: 0x10000n, sections: [] })
  t.deepEqual(
    file.segments.map((segment) => ({
      ...{ physicalAddress: segment.physicalAddress, flags: segment.flags },
      ...{ memoryBytes: segment.memoryBytes, bytes: Uint8Array.from(file.bytesOf(segment)) },
    })),
    segments,
  )
})

test('the parameters are five words, little-endian', (t) => {
  const needed = { region: 0x48000000, regionBytes: 4096, cores: 3 }
  const words = (parameters: BootParameters) => {
    const bytes = Buffer.from(bootParameterBytes(parameters))
    t.is(bytes.length, 40)
    return [0, 8, 16, 24, 32].map((at) => bytes.readBigUInt64LE(at))
  }
  t.deepEqual(words(needed), [0x48000000n, 4096n, 3n, 0n, 0n])
  t.deepEqual(words({ ...needed, turnOff: true }), [0x48000000n, 4096n, 3n, 1n, 0n])
  t.deepEqual(words({ ...needed, uncached: true }), [0x48000000n, 4096n, 3n, 0n, 1n])
})

const other = DECLARED.map((row, index) => (index === 1 ? { ...row, offset: 8 } : row))

/** One thing that is wrong with an image, and what says so. */
const FAULTS: readonly [what: string, changes: MadeUpFirmware, code: ErrorCode, says: RegExp][] = [
  ['of another processor', { machine: 62 }, 'ERR_CARILLON_FIRMWARE_MACHINE', /for x86-64, not AAr/],
  ['an object', { type: 1 }, 'ERR_CARILLON_FIRMWARE_TYPE', /it is an object$/],
  ['without a layout', { layout: undefined }, 'ERR_CARILLON_LAYOUT_MISSING', /no section/],
  [
    'of another layout',
    { layout: { rows: other } },
    'ERR_CARILLON_LAYOUT_DIFFERS',
    /region_header/,
  ],
  [
    'of another version of the layout',
    { layout: { layoutVersion: LAYOUT_VERSION + 1 } },
    ...(['ERR_CARILLON_LAYOUT_VERSION', /it was built for version/] as const),
  ],
  ['without a note', { note: undefined }, 'ERR_CARILLON_FIRMWARE_NOTE', /no section \.note/],
  [
    'with a note that is cut short',
    { note: noteImage().subarray(1) },
    ...(['ERR_CARILLON_FIRMWARE_NOTE', /it has 75 bytes, not 76$/] as const),
  ],
  ...[{ owner: 'GNU' }, { ownerBytes: 8 }, { type: 2 }, { contentBytes: 51 }].map(
    (changes) =>
      [
        `with a note of ${JSON.stringify(changes)}`,
        ...[{ note: noteImage(changes) }, 'ERR_CARILLON_FIRMWARE_NOTE', /not begin as one$/],
      ] as [string, MadeUpFirmware, ErrorCode, RegExp],
  ),
  [
    'with a version that would drive a terminal',
    { note: noteImage({ version: '\u001b[2J' }) },
    ...(['ERR_CARILLON_FIRMWARE_NOTE', /are not words$/] as const),
  ],
  [
    'for something else',
    { note: noteImage({ port: 'virt' }) },
    ...(['ERR_CARILLON_FIRMWARE_PORT', /for the board: it is the port virt$/] as const),
  ],
  [
    'for another host',
    { note: noteImage({ interfaceVersion: FIRMWARE_INTERFACE + 1 }) },
    ...(['ERR_CARILLON_FIRMWARE_VERSION', /built for version 3 .* has version 2$/] as const),
  ],
  ['empty', { segments: [] }, 'ERR_CARILLON_FIRMWARE_EMPTY', /nothing to load$/],
  [
    'below the memory',
    { segments: [segmentAt(0xffffn, 0x100, 5), DATA] },
    ...(['ERR_CARILLON_FIRMWARE_ADDRESS', /from 0xffff to 0x100ff, and the memory of/] as const),
  ],
  [
    'beyond the memory',
    { segments: [CODE, DATA, segmentAt(0x1ff00n, 0x101)] },
    ...(['ERR_CARILLON_FIRMWARE_ADDRESS', /from 0x1ff00 to 0x20001/] as const),
  ],
  [
    'beyond the memory with what is not in the file',
    { segments: [CODE, segmentAt(0x11000n, 0x40, 6, 0xf001n)] },
    ...(['ERR_CARILLON_FIRMWARE_ADDRESS', /to 0x20001/] as const),
  ],
  [
    'at the end of all addresses',
    { segments: [CODE, DATA, segmentAt(0xffff_ffff_ffff_fff0n, 0x20)] },
    ...(['ERR_CARILLON_FIRMWARE_ADDRESS', /to 0x10000000000000010/] as const),
  ],
  [
    'larger than the memory besides',
    { stacks: { address: 0x12000n, memoryBytes: 0xe001n } },
    ...(['ERR_CARILLON_FIRMWARE_MEMORY', /it takes 0x10000 to 0x20001/] as const),
  ],
  [
    'of segments that overlap by a byte',
    { segments: [CODE, segmentAt(0x10fffn, 2), DATA] },
    ...(['ERR_CARILLON_FIRMWARE_OVERLAP', /two segments would lie at 0x11000$/] as const),
  ],
  [
    'of segments in one place',
    { segments: [CODE, DATA, CODE] },
    ...(['ERR_CARILLON_FIRMWARE_OVERLAP', /at 0x10000$/] as const),
  ],
  ['to begin before its code', { entry: 0xffffn }, 'ERR_CARILLON_FIRMWARE_ENTRY', /at 0xffff,/],
  ['to begin behind its code', { entry: 0x10100n }, 'ERR_CARILLON_FIRMWARE_ENTRY', /at 0x10100,/],
  ['to begin in data', { entry: 0x11000n }, 'ERR_CARILLON_FIRMWARE_ENTRY', /no code is loaded$/],
  [
    'to begin in zeros',
    { segments: [segmentAt(0x10000n, 4, 5, 8n), DATA], entry: 0x10004n },
    ...(['ERR_CARILLON_FIRMWARE_ENTRY', /at 0x10004,/] as const),
  ],
  ['without the object', { symbol: undefined }, 'ERR_CARILLON_FIRMWARE_SYMBOL', /no boot_param/],
  [
    'with an object of somewhere else',
    { symbol: { ...PARAMETERS, section: 0 } },
    ...(['ERR_CARILLON_FIRMWARE_SYMBOL', /no boot_parameters/] as const),
  ],
  [
    'with an object that is too small',
    { symbol: { ...PARAMETERS, bytes: 39n } },
    ...(['ERR_CARILLON_FIRMWARE_SYMBOL_SIZE', /has 39 bytes, and the host sets 40$/] as const),
  ],
  [
    'with an object before its segment',
    { symbol: { ...PARAMETERS, value: 0x10fffn } },
    ...(['ERR_CARILLON_FIRMWARE_SYMBOL_PLACE', /at 0x10fff is not among/] as const),
  ],
  [
    'with an object that its segment ends in',
    { symbol: { ...PARAMETERS, value: 0x11029n } },
    ...(['ERR_CARILLON_FIRMWARE_SYMBOL_PLACE', /at 0x11029 is not among/] as const),
  ],
  [
    'with an object that the firmware zeroes',
    {
      segments: [CODE, segmentAt(0x11000n, 0x20, 6, 0x100n)],
      symbol: { ...PARAMETERS, value: 0x11020n },
    },
    ...(['ERR_CARILLON_FIRMWARE_SYMBOL_PLACE', /is not among what is loaded$/] as const),
  ],
]

for (const [what, changes, code, says] of FAULTS) {
  test(`an image ${what} is refused`, (t) => {
    t.throws(() => imageOf(changes), { code, message: says })
    t.throws(() => imageOf(changes), { message: /core\.elf/ })
  })
}

test('an image of another width is refused', (t) => {
  const target: FirmwareTarget = { ...TARGET, bits: 32 }
  t.throws(() => new FirmwareImage(new ElfFile('core.elf', madeUpFirmware()), target), {
    ...{ code: 'ERR_CARILLON_FIRMWARE_CLASS', message: /it is of 64 bits, not 32$/ },
  })
})

test('an image begins where its target has it, or is refused', (t) => {
  const image = (entry: bigint) => () =>
    new FirmwareImage(new ElfFile('core.elf', madeUpFirmware({ entry })), {
      ...TARGET,
      entry: 0x10004n,
    })
  t.is(image(0x10004n)().entry, 0x10004n)
  for (const entry of [0x10000n, 0x10008n]) {
    t.throws(image(entry), {
      code: 'ERR_CARILLON_FIRMWARE_ENTRY',
      message: /would begin at 0x1000[08], and the board begins at 0x10004$/,
    })
  }
})

/** The other side of each limit. */
const ALLOWED: readonly [what: string, changes: MadeUpFirmware][] = [
  ['up to the last byte of the memory', { segments: [CODE, DATA, segmentAt(0x1ff00n, 0x100)] }],
  ['whose zeros reach it', { segments: [CODE, segmentAt(0x11000n, 0x40, 6, 0xf000n)] }],
  ['whose stacks reach it', { stacks: { address: 0x12000n, memoryBytes: 0xe000n } }],
  ['of segments side by side', { segments: [CODE, segmentAt(0x10100n, 0xf00), DATA] }],
  ['of segments in any order', { segments: [DATA, CODE] }],
  ['with a segment of nothing anywhere', { segments: [CODE, DATA, segmentAt(0n, 0)] }],
  ['that begins at the last byte of its code', { entry: 0x100ffn }],
  ['whose object is larger', { symbol: { ...PARAMETERS, bytes: 48n } }],
  ['whose object ends its segment', { symbol: { ...PARAMETERS, value: 0x11018n } }],
]

for (const [what, changes] of ALLOWED) {
  test(`an image ${what} is taken`, (t) => {
    t.is(imageOf(changes).identity.version, '1.2.3')
  })
}

/** What is loaded of it; undefined where it is refused, by an error with a code. */
function loaded(t: ExecutionContext, bytes: Uint8Array, target: FirmwareTarget) {
  try {
    const image = new FirmwareImage(new ElfFile('core.elf', bytes), target)
    const segments = image.load(VALUES)
    for (const { physicalAddress, bytes: content, memoryBytes } of segments) {
      t.true(physicalAddress >= target.memory.start)
      t.true(physicalAddress + memoryBytes <= target.memory.end)
      t.true(BigInt(content.length) <= memoryBytes)
    }
    t.notThrows(() => new ElfFile('loaded.elf', loadableElf(image, segments)))
    return segments
  } catch (error) {
    if (error instanceof CarillonError && error.code.startsWith('ERR_CARILLON_')) return undefined
    throw error
  }
}

const FILES: readonly (readonly [string, Buffer, FirmwareTarget])[] = [
  ['a small image', madeUpFirmware(), TARGET],
  ...BOARDS.filter(({ kind }) => existsSync(bareMetalFirmwarePath(kind))).map(
    (board) =>
      [
        `the firmware for ${board.kind}`,
        readFileSync(bareMetalFirmwarePath(board.kind)),
        qemuTarget(board),
      ] as const,
  ),
]

for (const [name, file, target] of FILES) {
  test(`${name}, cut off anywhere, is refused`, (t) => {
    t.timeout(120_000)
    t.not(loaded(t, file, target), undefined)
    fc.assert(
      fc.property(fc.nat(file.length - 1), (length) => {
        t.is(loaded(t, file.subarray(0, length), target), undefined)
      }),
      { numRuns: 300 },
    )
  })

  test(`${name}, with bits flipped anywhere, is loaded within the memory or refused`, (t) => {
    t.timeout(120_000)
    const flip = fc.tuple(fc.nat(file.length - 1), fc.nat(7))
    fc.assert(
      fc.property(fc.array(flip, { minLength: 1, maxLength: 6 }), (flips) => {
        const bytes = Buffer.from(file)
        for (const [at, bit] of flips) bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
        t.notThrows(() => loaded(t, bytes, target))
      }),
      { numRuns: 300 },
    )
  })

  test(`${name}, with any bit of its tables flipped, is loaded within the memory or refused`, (t) => {
    t.timeout(120_000)
    // The header and the table of segments; the sections' is at the end.
    const places = [...span(0, 64 + 4 * 56), ...span(file.length - 24 * 64, file.length)]
    let refused = 0
    // All of a small file's; of a large one's, which takes longer to read, some.
    const step = file.length > 100_000 ? 7 : 1
    for (const [index, place] of places.entries()) {
      if (index % step !== 0) continue
      const bytes = Buffer.from(file)
      bytes[place] = (bytes[place] ?? 0) ^ (1 << (index % 8))
      if (loaded(t, bytes, target) === undefined) refused++
    }
    t.true(refused > 20, `${refused}`)
  })
}

function span(from: number, to: number): number[] {
  return Array.from({ length: to - Math.max(from, 0) }, (_, index) => Math.max(from, 0) + index)
}
