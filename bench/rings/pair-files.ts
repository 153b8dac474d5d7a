import { randomUUID } from 'node:crypto'
import { accessSync, closeSync, constants, ftruncateSync, openSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventFd } from '../../src/reactor/event-fd.ts'
import { PAIR_BYTES } from './ring-memory.ts'

/** What the two sides of a measurement inherit: zeroed memory, and an eventfd. */
export class PairFiles {
  readonly #memory: number
  readonly #bell: EventFd

  /** @throws the system's error; {@link StateError} where the native addon is not there. */
  constructor() {
    this.#bell = EventFd.create()
    try {
      this.#memory = openNamelessFile(PAIR_BYTES)
    } catch (error) {
      this.#bell.close()
      throw error
    }
  }

  /** In the order in which both sides know them, from 3 on. */
  get descriptors(): number[] {
    return [this.#memory, this.#bell.fd]
  }

  close(): void {
    closeSync(this.#memory)
    this.#bell.close()
  }
}

/** Its name is gone before anybody could leave it behind. */
function openNamelessFile(bytes: number): number {
  const path = join(memoryFolder(), `carillon-bench-${randomUUID()}`)
  const fd = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
    ftruncateSync(fd, bytes)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function memoryFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}
