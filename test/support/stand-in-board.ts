import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { BoardAccess, BoardCoreState } from '../../src/cores/board-access.ts'
import type { BoardDescription } from '../../src/cores/board-description.ts'
import { CoreProcess } from '../../src/cores/core-process.ts'
import { readBoard } from '../../src/cores/read-board.ts'
import { Mapping } from '../../src/shm/mapping.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** As firmware/test/linux_stand_in.c has it: its page, and where in it what is. */
const ASKED_PAGE = 0x5000_0000
const START = 0
const ENTRY = 32
const RING = 96
const STATE = 128
const LOOKS = 164
const PAGE_BYTES = 4096

/** What PSCI's AFFINITY_INFO answers. */
const STATES: readonly BoardCoreState[] = ['on', 'off', 'pending']

/**
 * The board `qemu-virt` with the firmware of the house on its cores 1 to 3, and on core 0 a small
 * program in place of Linux and its driver. This process has all of its memory mapped, as the driver
 * maps parts of it, and asks the program where a server asks the driver.
 */
export class StandInBoard {
  readonly board: BoardDescription
  readonly path: string
  readonly #process: CoreProcess
  readonly #asked: Int32Array
  readonly #listeners = new Set<() => void>()
  readonly #fd: number

  private constructor(board: BoardDescription, path: string, process: CoreProcess) {
    this.board = board
    this.path = path
    this.#process = process
    this.#fd = openSync(path, 'r+')
    const page = this.map(ASKED_PAGE, PAGE_BYTES).bytes
    this.#asked = new Int32Array(page.buffer, page.byteOffset, PAGE_BYTES / 4)
    const socket = process.socketAt(3)
    socket.on('data', () => {
      for (const listener of [...this.#listeners]) listener()
    })
    socket.on('error', () => {})
  }

  /** @param program as `buildStandIn` makes it. */
  static async start(t: ExecutionContext<unknown>, program: string): Promise<StandInBoard> {
    const board = readBoard('qemu-virt')
    const path = join(temporaryFolder(t), 'memory')
    const { bytes } = board.memory.ram
    writeFileSync(path, '', { mode: 0o600 })
    truncateSync(path, bytes)
    const process = await CoreProcess.start(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', '--', 'qemu-system-aarch64'],
        ...['-no-user-config', '-nodefaults', '-display', 'none', '-monitor', 'none'],
        ...['-machine', 'virt,gic-version=2,memory-backend=ram', '-cpu', 'cortex-a53'],
        ...['-smp', '4', '-m', `${bytes}B`, '-accel', 'tcg,thread=multi'],
        ...['-object', `memory-backend-file,id=ram,size=${bytes},mem-path=${path},share=on`],
        ...['-chardev', 'socket,id=doorbell,fd=3', '-serial', 'chardev:doorbell'],
        ...['-kernel', program],
      ],
      ['pipe'],
    )
    const standIn = new StandInBoard(board, path, process)
    t.teardown(() => standIn.#end())
    await standIn.#untilLooked()
    return standIn
  }

  /**
   * As a server has it that was just started.
   *
   * @param hasDriver else it starts no cores.
   */
  access(hasDriver = true): BoardAccess {
    const { firmware, region, ram } = this.board.memory
    const mapping = this.map(firmware.address, firmware.bytes)
    const listeners = new Set<() => void>()
    return {
      board: this.board,
      region: {
        path: this.path,
        place: { offset: region.address - ram.address, length: region.bytes },
      },
      memoryType: hasDriver ? 'cached' : 'device',
      firmware: mapping.bytes,
      power: hasDriver
        ? {
            start: (number, address) => {
              this.#asked[ENTRY / 4 + 2 * number] = address
              this.#count(START, number)
            },
            state: (number) => {
              this.#wake()
              // Acquire: as it was at the last look, or at this one.
              const state = Atomics.load(this.#asked, STATE / 4 + number)
              return STATES[state] ?? 'off'
            },
          }
        : undefined,
      ring: (number) => this.#count(RING, number),
      listen: (onBell) => {
        listeners.add(onBell)
        this.#listeners.add(onBell)
        return { close: () => this.#listeners.delete(onBell) }
      },
      close: () => {
        for (const listener of listeners) this.#listeners.delete(listener)
        mapping.unmap()
      },
    }
  }

  /** Maps memory by its physical address. */
  map(address: number, bytes: number): Mapping {
    const offset = address - this.board.memory.ram.address
    return new Mapping({ fd: this.#fd, offset, bytes, writable: true })
  }

  #count(what: number, number: number): void {
    // Release: what was stored before is seen by who sees the count.
    Atomics.add(this.#asked, what / 4 + number, 1)
    this.#wake()
  }

  #wake(): void {
    const socket = this.#process.socketAt(3)
    if (socket.writable && socket.writableLength === 0) socket.write('\0')
  }

  async #untilLooked(): Promise<void> {
    while (Atomics.load(this.#asked, LOOKS / 4) === 0) {
      await new Promise<void>((resolve) => {
        const heard = () => {
          this.#listeners.delete(heard)
          resolve()
        }
        this.#listeners.add(heard)
      })
    }
  }

  async #end(): Promise<void> {
    this.#process.kill()
    await this.#process.exited
    closeSync(this.#fd)
  }
}
