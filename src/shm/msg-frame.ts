import { crc32 } from 'node:zlib'
import { checkBytes, checkInteger } from '../arguments.ts'
import { PREFIX_BYTES_MAX, PROTOCOL_VERSION } from './queue-format.ts'

/** After the prefix: u8 version, u32 size of the data, u32 checksum of all that precedes it. */
const SIZE_OFFSET = 1
const HEADER_CRC_OFFSET = 5
const FIXED_HEADER_BYTES = 9
/** After the data: u32 checksum of all that precedes it. */
const MESSAGE_CRC_BYTES = 4

/** What a header that is whole says. */
export interface MsgHeader {
  readonly version: number
  /** Bytes of data that follow. */
  readonly length: number
}

/**
 * How a message lies in a `MsgQueue`: prefix, version, size, header CRC, data, message CRC, numbers
 * in little-endian. docs/queues.md says where this comes from.
 */
export class MsgFrame {
  readonly prefix: Buffer
  readonly headerBytes: number
  /** Bytes of a message without data. */
  readonly overheadBytes: number

  /** @throws {ArgumentError} where the prefix is longer than 64 bytes. */
  constructor(prefix: Uint8Array) {
    checkInteger('bytes of prefix', checkBytes('prefix', prefix).length, 0, PREFIX_BYTES_MAX)
    this.prefix = Buffer.from(prefix)
    this.headerBytes = prefix.length + FIXED_HEADER_BYTES
    this.overheadBytes = this.headerBytes + MESSAGE_CRC_BYTES
  }

  header(length: number): Buffer {
    const header = Buffer.alloc(this.headerBytes)
    const at = this.prefix.copy(header)
    header.writeUInt8(PROTOCOL_VERSION, at)
    header.writeUInt32LE(length, at + SIZE_OFFSET)
    header.writeUInt32LE(this.#headerCrc(header), at + HEADER_CRC_OFFSET)
    return header
  }

  trailer(header: Uint8Array, data: Uint8Array): Buffer {
    const trailer = Buffer.alloc(MESSAGE_CRC_BYTES)
    trailer.writeUInt32LE(crc32(data, crc32(header)))
    return trailer
  }

  /** What `header` says, or undefined where its prefix or its checksum is wrong. */
  parseHeader(header: Buffer): MsgHeader | undefined {
    const at = this.prefix.length
    const isWhole =
      header.subarray(0, at).equals(this.prefix) &&
      header.readUInt32LE(at + HEADER_CRC_OFFSET) === this.#headerCrc(header)
    if (!isWhole) return undefined
    return { version: header.readUInt8(at), length: header.readUInt32LE(at + SIZE_OFFSET) }
  }

  #headerCrc(header: Uint8Array): number {
    return crc32(header.subarray(0, this.prefix.length + HEADER_CRC_OFFSET))
  }
}
