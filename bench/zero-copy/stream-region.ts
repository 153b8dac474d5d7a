import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Larger than the caches that would make a copy cheap, and whole blocks of every size. */
export const STREAM_REGION_BYTES = 64 * 1024 * 1024

const MULTIPLIER = 0x9e3779b97f4a7c15n

/** A file in memory, where there is such a file system, that is streamed: the words of `stream.h`. */
export class StreamRegion {
  readonly #folder: string
  readonly path: string

  constructor() {
    this.#folder = makeFolder()
    this.path = join(this.#folder, 'region')
    const words = new BigUint64Array(STREAM_REGION_BYTES / BigUint64Array.BYTES_PER_ELEMENT)
    // Multiples of the multiplier, modulo 2 ** 64, by adding.
    let word = 0n
    for (let index = 0; index < words.length; index++) {
      word = BigInt.asUintN(64, word + MULTIPLIER)
      words[index] = word
    }
    writeFileSync(this.path, new Uint8Array(words.buffer))
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Named for this process, whose it is. */
function makeFolder(): string {
  const name = `carillon-stream-${process.pid}-`
  try {
    return mkdtempSync(join('/dev/shm', name))
  } catch {
    return mkdtempSync(join(tmpdir(), name))
  }
}
