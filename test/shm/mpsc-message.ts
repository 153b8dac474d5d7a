/**
 * The messages of the tests of the MPSC ring: the producer, the sequence and a filling that follows
 * from both, so that the reader can tell whether one is whole. `firmware/test/mpsc_peer.c` has the
 * same.
 */
import type { MpscReader } from '../../src/shm/mpsc-ring-consumer.ts'
import type { MpscRingProducer } from '../../src/shm/mpsc-ring-producer.ts'

const HEADER_BYTES = 8

/** Writes the messages of one producer. */
export class MessageWriter {
  readonly #ring: MpscRingProducer
  readonly #producer: number
  readonly #fillingBytesMax: number
  readonly #header = new Uint8Array(HEADER_BYTES)
  readonly #view = new DataView(this.#header.buffer)
  readonly #filling: Uint8Array
  /** The next one. */
  sequence = 0

  constructor(ring: MpscRingProducer, producer: number, fillingBytesMax: number) {
    this.#ring = ring
    this.#producer = producer
    this.#fillingBytesMax = fillingBytesMax
    this.#filling = new Uint8Array(fillingBytesMax)
    this.#view.setUint32(0, producer, true)
  }

  /** Writes the next message. Returns false where there is too little room now. */
  write(): boolean {
    const { bytes, byte } = fillingOf(this.#producer, this.sequence, this.#fillingBytesMax)
    this.#view.setUint32(4, this.sequence, true)
    const filling = this.#filling.subarray(0, bytes).fill(byte)
    const isWritten = this.#ring.write(this.#producer, this.#header, filling)
    if (isWritten) this.sequence++
    return isWritten
  }
}

/**
 * A reader that throws where a message is damaged, lost or out of order.
 *
 * @param received for each producer how many came; counted on.
 */
export function checkingReader(received: number[], fillingBytesMax: number): MpscReader {
  return (type, bytes, offset, length) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, length)
    const producer = view.getUint32(0, true)
    const sequence = view.getUint32(4, true)
    const filling = fillingOf(producer, sequence, fillingBytesMax)
    const isWhole =
      type === producer &&
      length === HEADER_BYTES + filling.bytes &&
      bytes.subarray(offset + HEADER_BYTES, offset + length).every((byte) => byte === filling.byte)
    if (!isWhole) throw new Error(`message ${sequence} of ${producer} is damaged: ${length} bytes`)
    if (sequence !== received[producer]) {
      throw new Error(`message ${sequence} of ${producer} came, not ${received[producer]}`)
    }
    received[producer] = sequence + 1
    return true
  }
}

/** The filling of a message: how long it is and the byte that it is full of. */
function fillingOf(producer: number, sequence: number, fillingBytesMax: number) {
  const hash = Math.imul(sequence + 1, 2654435761 + 2 * producer) >>> 0
  return { bytes: (hash >>> 8) % (fillingBytesMax + 1), byte: hash & 0xff }
}
