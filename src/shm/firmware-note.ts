import { LayoutError } from './errors.ts'
import { struct, text, u32 } from './layout.ts'
import { memoryOver, viewStruct } from './struct-view.ts'

/**
 * The note that every firmware carries, a section of its ELF file (System V ABI, "Note Section"):
 * `readelf -n` finds it. It says who the firmware is, before any of it runs.
 */
export const FIRMWARE_NOTE_SECTION = '.note.carillon'

/** The type of the note, among those of its owner. */
export const FIRMWARE_NOTE_TYPE = 1

/** The owner of the note. */
export const FIRMWARE_NOTE_OWNER = 'Carillon'

/**
 * What a host and a firmware must agree on besides the layout: what is written into an image before
 * it runs, the doorbell, how a core begins anew. Raised when any of that changes.
 */
export const FIRMWARE_INTERFACE = 2

export const FirmwareNote = struct(
  'firmware_note',
  { writer: 'core', summary: 'The note of a firmware, in its section.' },
  {
    /** Of `owner`, with its zero. */
    ownerBytes: u32,
    /** Of what follows `owner`. */
    contentBytes: u32,
    /** FIRMWARE_NOTE_TYPE. */
    type: u32,
    /** FIRMWARE_NOTE_OWNER, filled up to a word. */
    owner: text(12),
    /** FIRMWARE_INTERFACE, as the firmware was compiled with it. */
    interfaceVersion: u32,
    /** What it runs on, as the folders of `firmware/port` are called: `virt`. */
    port: text(16),
    /** For people: `0.1.0`. */
    version: text(32),
  },
)

/** The structs of the note. They are no part of the shared layout, and of its hash. */
export const FIRMWARE_NOTE_STRUCTS = [FirmwareNote] as const

const OWNER_BYTES = FIRMWARE_NOTE_OWNER.length + 1
const CONTENT_BYTES = FirmwareNote.bytes - FirmwareNote.offsets.interfaceVersion

/** What a note says. */
export interface FirmwareIdentity {
  readonly interfaceVersion: number
  readonly port: string
  readonly version: string
}

/** What is printed must not drive a terminal. */
const WORD = /^[\x21-\x7e]+$/

/**
 * Reads the contents of a {@link FIRMWARE_NOTE_SECTION}.
 *
 * @param name what the message calls the file.
 * @throws {LayoutError} `ERR_CARILLON_FIRMWARE_NOTE` where it is no such note, or a damaged one.
 */
export function readFirmwareNote(name: string, bytes: Uint8Array): FirmwareIdentity {
  if (bytes.length !== FirmwareNote.bytes) {
    throw damaged(name, `it has ${bytes.length} bytes, not ${FirmwareNote.bytes}`)
  }
  // A copy, so that it starts on a word.
  const note = viewStruct(FirmwareNote, memoryOver(Uint8Array.from(bytes)), 0, 'reader')
  const { interfaceVersion, port, version } = note
  if (
    note.ownerBytes !== OWNER_BYTES ||
    note.owner !== FIRMWARE_NOTE_OWNER ||
    note.type !== FIRMWARE_NOTE_TYPE ||
    note.contentBytes !== CONTENT_BYTES
  ) {
    throw damaged(name, 'it does not begin as one')
  }
  if (!WORD.test(port) || !WORD.test(version)) {
    throw damaged(name, 'its port and its version are not words')
  }
  return { interfaceVersion, port, version }
}

function damaged(name: string, why: string): LayoutError {
  return new LayoutError(
    'ERR_CARILLON_FIRMWARE_NOTE',
    `${name}: its section ${FIRMWARE_NOTE_SECTION} is no note of a firmware: ${why}`,
  )
}
