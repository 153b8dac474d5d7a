import { closeSync, openSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { BoardAccess, BoardCoreState } from '../../src/cores/board-access.ts'
import type { BoardDescription } from '../../src/cores/board-description.ts'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'
import { CoreProcess } from '../../src/cores/core-process.ts'
import { readBoard } from '../../src/cores/read-board.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { Mapping } from '../../src/shm/mapping.ts'
import { CHECKS_ALL_ACCESSES, checkAccesses } from './check-accesses.ts'
import { buildStandIn } from './firmware-tool.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** As firmware/test/linux_stand_in.c has it: where in its page what is. */
const START = 0
const ENTRY = 32
const RING = 96
const STATE = 128
const LOOKS = 164
const PAGE_BYTES = 4096

/** What QEMU has for each board, where it has a flat image, and where the page is. */
const MACHINES: Record<string, { qemu: string[]; image: number; page: number; bytes: number }> = {
  'qemu-virt': {
    qemu: [
      ...['-machine', 'virt,gic-version=2,memory-backend=ram', '-cpu', 'cortex-a53'],
      ...['-smp', '4'],
    ],
    image: 0x4008_0000,
    page: 0x5000_0000,
    bytes: 0x4000_0000,
  },
  'pi-zero-2w': {
    qemu: ['-machine', 'raspi3b,memory-backend=ram'],
    image: 0x8_0000,
    page: 0x1000_0000,
    // QEMU takes no other size for it.
    bytes: 0x4000_0000,
  },
}

/** What PSCI's AFFINITY_INFO answers. */
const STATES: readonly BoardCoreState[] = ['on', 'off', 'pending']

/**
 * A board with the firmware of the house on its cores 1 to 3, and on core 0 a small
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

  private constructor(board: BoardDescription, path: string, process: CoreProcess, page: number) {
    this.board = board
    this.path = path
    this.#process = process
    this.#fd = openSync(path, 'r+')
    const { bytes } = this.map(page, PAGE_BYTES)
    this.#asked = new Int32Array(bytes.buffer, bytes.byteOffset, PAGE_BYTES / 4)
    const socket = process.socketAt(3)
    socket.on('data', () => {
      for (const listener of [...this.#listeners]) listener()
    })
    socket.on('error', () => {})
  }

  /**
   * Starts the machine.
   *
   * @param user the one test file that does.
   * @param isChecked whether the accesses to the region are: see {@link checkAccesses}. Default: as of all tests.
   */
  static async start(
    t: ExecutionContext<unknown>,
    name: string,
    user: string,
    isChecked = CHECKS_ALL_ACCESSES,
  ): Promise<StandInBoard> {
    const board = readBoard(name)
    const plugin = isChecked ? await checkingPlugin(t, board) : []
    const machine = MACHINES[name]
    if (machine === undefined) throw new Error(`there is no stand-in for ${name}`)
    const path = join(temporaryFolder(t), 'memory')
    writeFileSync(path, '', { mode: 0o600 })
    truncateSync(path, machine.bytes)
    const process = await CoreProcess.start(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', '--', 'qemu-system-aarch64', ...machine.qemu, ...plugin],
        ...['-no-user-config', '-nodefaults', '-display', 'none', '-monitor', 'none'],
        ...['-m', `${machine.bytes}B`, '-accel', 'tcg,thread=multi', '-object'],
        `memory-backend-file,id=ram,size=${machine.bytes},mem-path=${path},share=on`,
        ...['-chardev', 'socket,id=doorbell,fd=3', '-serial', 'chardev:doorbell'],
        ...['-kernel', await buildStandIn(name, machine.image, user)],
      ],
      ['pipe'],
    )
    const standIn = new StandInBoard(board, path, process, machine.page)
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

async function checkingPlugin(
  t: ExecutionContext<unknown>,
  { name, memory }: BoardDescription,
): Promise<readonly string[]> {
  const accesses = await checkAccesses(t, {
    at: { start: memory.region.address, bytes: memory.region.bytes, isVirtual: true },
    rule: 'device',
    image: await readElfFile(bareMetalFirmwarePath(name)),
  })
  return accesses.arguments
}
