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
