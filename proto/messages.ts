import { carillon } from './generated/carillon.js'

/** What a client sends. */
export const ClientMessage = carillon.v1.ClientMessage
export type ClientMessage = carillon.v1.ClientMessage.$Properties

/** What the server sends. */
export const ServerMessage = carillon.v1.ServerMessage
export type ServerMessage = carillon.v1.ServerMessage.$Properties

/** The version of the protocol that this code speaks: `Hello.protocol_version`. */
export const PROTOCOL_VERSION = 1

/** The port that a Carillon server listens on unless it is told otherwise. */
export const DEFAULT_PORT = 5555
