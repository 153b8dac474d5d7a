/**
 * The messages of the soak of senders: producer, client, sequence, and a filling that follows from
 * these, so that who gets one can tell whether it is whole and its own.
 */
const HEADER_BYTES = 12
const FILLING_BYTES_MAX = 100

export interface MessageNumbers {
  readonly producer: number
  readonly clientId: number
  /** Of those of this producer for this client, from 0. */
  readonly sequence: number
}

export function numberedMessage({ producer, clientId, sequence }: MessageNumbers): Buffer {
  const { bytes, byte } = fillingOf({ producer, clientId, sequence })
  const message = Buffer.alloc(HEADER_BYTES + bytes, byte)
  message.writeUInt32LE(producer, 0)
  message.writeUInt32LE(clientId, 4)
  message.writeUInt32LE(sequence, 8)
  return message
}

/** @throws where it is damaged. */
export function readNumberedMessage(message: Buffer): MessageNumbers {
  const [producer, clientId, sequence] = [0, 4, 8].map((at) => message.readUInt32LE(at))
  const numbers = { producer, clientId, sequence } as MessageNumbers
  if (message.equals(numberedMessage(numbers))) return numbers
  throw new Error(`a damaged message: ${message.toString('hex')}`)
}

function fillingOf({ producer, clientId, sequence }: MessageNumbers) {
  const hash = Math.imul(sequence + 1, 2654435761 + 2 * producer + 8 * clientId) >>> 0
  return { bytes: (hash >>> 8) % (FILLING_BYTES_MAX + 1), byte: hash & 0xff }
}
