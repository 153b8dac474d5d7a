import { ArgumentError } from '../errors.ts'
import { DELIMITER_BYTES_MAX } from './limits.ts'

const BYTE_VALUES = 256

/**
 * Finds the first of several delimiters in a stream that comes in pieces, looking at each byte once
 * (Aho and Corasick, "Efficient string matching", 1975). Where two end at the same byte, the longer
 * one is found.
 */
export class DelimiterMatcher {
  /** Longest delimiter. */
  readonly longestBytes: number
  /** Length of the delimiter that `find` found last. */
  foundBytes = 0

  /** The one byte that is all there is to find: searching for that is the machine's business. */
  readonly #onlyByte: number | undefined
  /** Where each byte leads from each state: 256 entries a state. A state is a delimiter's prefix. */
  readonly #next: Uint8Array
  /** By state: the length of the delimiter that is whole there, else 0. */
  readonly #foundBytes: Uint8Array
  #state = 0

  /** @throws {ArgumentError} where the delimiters are none, too long, or in each other's way. */
  constructor(delimiters: readonly Uint8Array[]) {
    checkDelimiters(delimiters)
    const lengths = delimiters.map(({ length }) => length)
    this.longestBytes = Math.max(...lengths)
    const [first] = delimiters
    this.#onlyByte = delimiters.length === 1 && first?.length === 1 ? first[0] : undefined
    const bytes = lengths.reduce((sum, length) => sum + length, 0)
    this.#next = new Uint8Array((bytes + 1) * BYTE_VALUES)
    this.#foundBytes = new Uint8Array(bytes + 1)
    this.#addPrefixes(delimiters)
    this.#addFallbacks()
  }

  /**
   * The position behind the first delimiter that ends in `bytes` from `start` on, or -1. It may
   * have begun in the calls before, since the last one that found something.
   */
  find(bytes: Uint8Array, start: number): number {
    if (this.#onlyByte !== undefined) {
      this.foundBytes = 1
      return bytes.indexOf(this.#onlyByte, start) + 1 || -1
    }
    const next = this.#next
    const foundBytes = this.#foundBytes
    let state = this.#state
    for (let position = start; position < bytes.length; position++) {
      state = next[state * BYTE_VALUES + (bytes[position] as number)] as number
      if (foundBytes[state] !== 0) {
        this.foundBytes = foundBytes[state] as number
        this.#state = 0
        return position + 1
      }
    }
    this.#state = state
    return -1
  }

  /** Length of the first delimiter in these pieces, read on their own, if they end with it; or 0. */
  endOf(pieces: readonly Uint8Array[]): number {
    const stateOfStream = this.#state
    this.#state = 0
    let end = -1
    let isAtEnd = false
    for (const piece of pieces) {
      isAtEnd = end === -1
      if (isAtEnd) end = this.find(piece, 0)
      isAtEnd &&= end === piece.length
    }
    this.#state = stateOfStream
    return isAtEnd ? this.foundBytes : 0
  }

  #addPrefixes(delimiters: readonly Uint8Array[]): void {
    let states = 1
    for (const delimiter of delimiters) {
      let state = 0
      for (const byte of delimiter) {
        const edge = state * BYTE_VALUES + byte
        if (this.#next[edge] === 0) this.#next[edge] = states++
        state = this.#next[edge] as number
      }
      this.#foundBytes[state] = delimiter.length
    }
  }

  /** Where no delimiter goes on, the longest end of what was seen that begins one does. */
  #addFallbacks(): void {
    const next = this.#next
    const fallback = new Uint8Array(this.#foundBytes.length)
    const queue = [...next.subarray(0, BYTE_VALUES)].filter((state) => state !== 0)
    for (const state of queue) {
      const instead = fallback[state] as number
      for (let byte = 0; byte < BYTE_VALUES; byte++) {
        const edge = state * BYTE_VALUES + byte
        const child = next[edge] as number
        const childInstead = next[instead * BYTE_VALUES + byte] as number
        if (child === 0) {
          next[edge] = childInstead
        } else {
          fallback[child] = childInstead
          queue.push(child)
        }
      }
    }
  }
}

function checkDelimiters(delimiters: readonly Uint8Array[]): void {
  const bytes = delimiters.reduce((sum, { length }) => sum + length, 0)
  if (bytes === 0 || bytes > DELIMITER_BYTES_MAX || delimiters.some(({ length }) => length === 0)) {
    throw new ArgumentError(
      `delimiters have at least one byte each, and at most ${DELIMITER_BYTES_MAX} together`,
    )
  }
  const texts = delimiters.map((delimiter) => Buffer.from(delimiter).toString('latin1'))
  for (const [index, text] of texts.entries()) {
    for (const [otherIndex, other] of texts.entries()) {
      // At the end of the longer one it is no harm: "\n" in "\r\n".
      const isInTheWay = text === other || other.slice(0, -1).includes(text)
      if (index !== otherIndex && isInTheWay) {
        throw new ArgumentError(
          `${JSON.stringify(other)} could never be found as a delimiter, for ${JSON.stringify(text)} is in it`,
        )
      }
    }
  }
}
