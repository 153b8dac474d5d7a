import protobuf from 'protobufjs/minimal.js'
import { carillon } from './generated/carillon.js'

/** What a client sends. */
export const ClientMessage = carillon.v1.ClientMessage
export type ClientMessage = carillon.v1.ClientMessage.$Properties

/** What the server sends. */
export const ServerMessage = carillon.v1.ServerMessage
export type ServerMessage = carillon.v1.ServerMessage.$Properties

/** A message as it was received: its `body` names the one field that is set. */
export type ReceivedClientMessage = ReturnType<typeof ClientMessage.decode>
export type ReceivedServerMessage = ReturnType<typeof ServerMessage.decode>

/** The version of the protocol that this code speaks: `Hello.protocol_version`. */
export const PROTOCOL_VERSION = 1

/** The port that a Carillon server listens on unless it is told otherwise. */
export const DEFAULT_PORT = 5555

/** @throws {Error} where the bytes are no message. */
export function decodeClientMessage(bytes: Uint8Array): ReceivedClientMessage {
  return ClientMessage.decode(new NumberReader(bytes))
}

/** @throws {Error} where the bytes are no message. */
export function decodeServerMessage(bytes: Uint8Array): ReceivedServerMessage {
  return ServerMessage.decode(new NumberReader(bytes))
}

/** Field numbers with their wire types: of a ServerMessage, and of the Samples in it. */
const TAG = { samples: (5 << 3) | 2, stream: 1 << 3, sequence: 2 << 3, data: (3 << 3) | 2 } as const

/**
 * A ServerMessage of nothing but Samples, as `ServerMessage.encode` makes it. That copies the samples
 * three times or four; this, once.
 */
export function encodeServerSamples(
  stream: number,
  sequence: number,
  data: Uint8Array,
): Uint8Array {
  const inside =
    numberBytes(stream) +
    numberBytes(sequence) +
    (data.length === 0 ? 0 : 1 + varintBytes(data.length) + data.length)
  const message = protobuf.util.newBuffer(1 + varintBytes(inside) + inside)
  message[0] = TAG.samples
  let at = putVarint(message, 1, inside)
  at = putNumber(message, at, TAG.stream, stream)
  at = putNumber(message, at, TAG.sequence, sequence)
  if (data.length > 0) {
    message[at] = TAG.data
    message.set(data, putVarint(message, at + 1, data.length))
  }
  return message
}

/** Of a field with its tag: a 0 is left out, as in any message. */
function numberBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value)
}

function putNumber(message: Uint8Array, at: number, tag: number, value: number): number {
  if (value === 0) return at
  message[at] = tag
  return putVarint(message, at + 1, value)
}

/** Of a number of 32 bits. */
function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value >>> 7; rest !== 0; rest >>>= 7) bytes++
  return bytes
}

/** Returns where it ends. */
function putVarint(message: Uint8Array, at: number, value: number): number {
  let [place, rest] = [at, value >>> 0]
  for (; rest > 0x7f; rest >>>= 7) message[place++] = (rest & 0x7f) | 0x80
  message[place++] = rest
  return place
}

/**
 * Reads 64-bit counters as numbers, which are exact to 2^53. The library gives objects where the
 * package `long` happens to be installed, and setting it otherwise would change it for everybody in
 * the process.
 */
class NumberReader extends protobuf.Reader {}
// Not a method of the class: the types declare what is read as an object.
Object.assign(NumberReader.prototype, {
  uint64(this: protobuf.Reader): number {
    return Number(protobuf.Reader.prototype.uint64.call(this))
  },
})
