import { LIMITS } from '../shm/shared-mem.ts'
import { BoardFields, hex } from './board-fields.ts'
import { BOARD_LIMITS } from './board-limits.ts'

/** Physical memory. */
export interface BoardMemory {
  readonly address: number
  readonly bytes: number
}

/**
 * A machine that is Linux's and the firmware's: `boards/NAME/board.json`, read and checked. The
 * firmware's linker script and header come from it, and so does what the host maps.
 */
export interface BoardDescription {
  readonly name: string
  /** A line for people. */
  readonly summary: string
  /** Indices, as the processor has them (MPIDR_EL1.Aff0). The firmware's follow one another. */
  readonly cores: { readonly linux: readonly number[]; readonly firmware: readonly number[] }
  readonly memory: {
    /** All that there is. What is neither of the others is Linux's. */
    readonly ram: BoardMemory
    /** Code, stacks and cores of the firmware; what Linux loads it into, and never uses otherwise. */
    readonly firmware: BoardMemory
    /** What both share. */
    readonly region: BoardMemory
  }
  /** How a core of the firmware is started, and where it goes when it is stopped. */
  readonly start: BoardStart
  readonly interrupts: BoardInterrupts
  readonly bells: { readonly toCore: BellToCore; readonly toLinux: BellToLinux }
}

export type BoardStart =
  /** `CPU_ON` and `CPU_OFF` of the machine's own firmware (DEN 0022). */
  | { readonly method: 'psci' }
  /** A core waits in the last page of the firmware's memory, where the driver leaves its entry. */
  | { readonly method: 'parking'; readonly page: number }

export type BoardInterrupts =
  | {
      readonly controller: 'gicv2'
      readonly distributor: number
      readonly cpuInterface: number
    }
  | { readonly controller: 'bcm2836'; readonly registers: number }

/** What Linux rings a core with. */
export type BellToCore =
  /** A software-generated interrupt of a GICv2. */
  | { readonly kind: 'sgi'; readonly number: number }
  /** One of the core's own mailboxes in a BCM2836. */
  | { readonly kind: 'mailbox'; readonly number: number }

/** What a core rings Linux with. */
export type BellToLinux =
  /** An interrupt of a GICv2 that no device has, by the number that the controller gives it. */
  | { readonly kind: 'spi'; readonly number: number }
  /** A channel of the system timer of a BCM2835. */
  | { readonly kind: 'system-timer'; readonly registers: number; readonly number: number }

const { BLOCK_BYTES, PAGE_BYTES } = BOARD_LIMITS

/**
 * Reads a board's description.
 *
 * @param name of the board: its folder's.
 * @throws {BoardError} `ERR_CARILLON_BOARD_FIELD`, `_RANGE`, `_OVERLAP`.
 */
export function boardDescription(name: string, value: unknown): BoardDescription {
  const fields = new BoardFields(name, '', value)
  const board = {
    name: fields.choice('name', [name]),
    summary: fields.text('summary'),
    cores: coresOf(fields.object('cores')),
    memory: memoryOf(fields.object('memory')),
    start: startOf(fields.object('start')),
    interrupts: interruptsOf(fields.object('interrupts')),
    bells: bellsOf(fields.object('bells')),
  }
  fields.end()
  checkTogether(fields, board)
  return board
}

function coresOf(fields: BoardFields): BoardDescription['cores'] {
  const linux = fields.indices('linux', BOARD_LIMITS.CORE_INDEX_MAX)
  const firmware = fields.indices('firmware', BOARD_LIMITS.CORE_INDEX_MAX)
  fields.end()
  const [first = 0] = firmware
  if (firmware.length > LIMITS.CORES_MAX) {
    throw fields.refuse(
      'RANGE',
      `cores.firmware has at most ${LIMITS.CORES_MAX} cores, not ${firmware.length}`,
    )
  }
  if (firmware.some((core, at) => core !== first + at)) {
    throw fields.refuse('RANGE', 'the numbers of cores.firmware follow one another')
  }
  if (first === 0) {
    throw fields.refuse(
      'RANGE',
      'cores.firmware begins at 1 at least: without a core 0 it is alone',
    )
  }
  const both = linux.find((core) => firmware.includes(core))
  if (both !== undefined) {
    throw fields.refuse('OVERLAP', `core ${both} is Linux's and the firmware's`)
  }
  return { linux, firmware }
}

function memoryOf(fields: BoardFields): BoardDescription['memory'] {
  const rangeOf = (name: string) => {
    const range = fields.object(name)
    const address = range.word('address', BLOCK_BYTES)
    const bytes = range.word('bytes', BLOCK_BYTES)
    range.end()
    if (bytes > 0 && address + bytes <= BOARD_LIMITS.ADDRESS_MAX + 1) return { address, bytes }
    throw range.refuse('RANGE', `memory.${name} has at least a byte, and ends within 32 bits`)
  }
  const [ram, firmware, region] = [rangeOf('ram'), rangeOf('firmware'), rangeOf('region')]
  fields.end()
  if (firmware.bytes < BOARD_LIMITS.FIRMWARE_BYTES_MIN) {
    throw fields.refuse(
      'RANGE',
      `memory.firmware has at least ${hex(BOARD_LIMITS.FIRMWARE_BYTES_MIN)} bytes, not ${hex(firmware.bytes)}`,
    )
  }
  for (const [name, range] of Object.entries({ firmware, region })) {
    if (range.address < ram.address || endOf(range) > endOf(ram)) {
      throw fields.refuse('RANGE', `memory.${name} lies in memory.ram`)
    }
    if (range.address === ram.address) {
      throw fields.refuse(
        'OVERLAP',
        `memory.${name} lies where memory.ram begins, which is Linux's`,
      )
    }
  }
  // The firmware takes no region below its own end for one.
  if (region.address < endOf(firmware)) {
    throw fields.refuse('OVERLAP', 'memory.region lies behind memory.firmware')
  }
  return { ram, firmware, region }
}

function startOf(fields: BoardFields): BoardStart {
  const method = fields.choice('method', ['psci', 'parking'])
  const start = method === 'psci' ? { method } : { method, page: fields.word('page', PAGE_BYTES) }
  fields.end()
  return start
}

function interruptsOf(fields: BoardFields): BoardInterrupts {
  const controller = fields.choice('controller', ['gicv2', 'bcm2836'])
  const word = (name: string) => fields.word(name, PAGE_BYTES)
  const interrupts =
    controller === 'gicv2'
      ? { controller, distributor: word('distributor'), cpuInterface: word('cpuInterface') }
      : { controller, registers: word('registers') }
  fields.end()
  return interrupts
}

function bellsOf(fields: BoardFields): BoardDescription['bells'] {
  const toCore = bellToCore(fields.object('toCore'))
  const toLinux = bellToLinux(fields.object('toLinux'))
  fields.end()
  return { toCore, toLinux }
}

function bellToCore(fields: BoardFields): BellToCore {
  const kind = fields.choice('kind', ['sgi', 'mailbox'])
  const { SGI_MIN, SGI_MAX, MAILBOX } = BOARD_LIMITS
  const number =
    kind === 'sgi'
      ? fields.integer('number', SGI_MIN, SGI_MAX)
      : fields.integer('number', MAILBOX, MAILBOX)
  fields.end()
  return { kind, number }
}

function bellToLinux(fields: BoardFields): BellToLinux {
  const kind = fields.choice('kind', ['spi', 'system-timer'])
  const { SPI_MIN, SPI_MAX, SYSTEM_TIMER_CHANNEL: channel } = BOARD_LIMITS
  const bell =
    kind === 'spi'
      ? { kind, number: fields.integer('number', SPI_MIN, SPI_MAX) }
      : {
          kind,
          registers: fields.word('registers', PAGE_BYTES),
          number: fields.integer('number', channel, channel),
        }
  fields.end()
  return bell
}

/** What each part allows, and another does not. */
function checkTogether(fields: BoardFields, board: BoardDescription): void {
  const { memory, start, interrupts, bells } = board
  const lastPage = endOf(memory.firmware) - PAGE_BYTES
  if (start.method === 'parking' && start.page !== lastPage) {
    throw fields.refuse(
      'RANGE',
      `start.page is the last of memory.firmware, ${hex(lastPage)}, not ${hex(start.page)}`,
    )
  }
  const isGic = interrupts.controller === 'gicv2'
  if (isGic !== (start.method === 'psci')) {
    throw fields.refuse(
      'FIELD',
      `the cores of a ${interrupts.controller} are not started by ${start.method}`,
    )
  }
  const last = Math.max(...board.cores.linux, ...board.cores.firmware)
  if (!isGic && last > BOARD_LIMITS.BCM2836_CORE_INDEX_MAX) {
    throw fields.refuse('RANGE', `a ${interrupts.controller} has no core ${last}`)
  }
  if (isGic !== (bells.toCore.kind === 'sgi')) {
    throw fields.refuse('FIELD', `a ${interrupts.controller} has no ${bells.toCore.kind}`)
  }
  if (isGic !== (bells.toLinux.kind === 'spi')) {
    throw fields.refuse('FIELD', `a ${interrupts.controller} has no ${bells.toLinux.kind}`)
  }
  const pages = registerPages(board)
  for (const [at, [name, page]] of pages.entries()) {
    const other = pages.slice(0, at).find(([, address]) => address === page)
    if (other !== undefined) throw fields.refuse('OVERLAP', `${name} lies at ${other[0]}`)
    if (page + PAGE_BYTES > memory.ram.address && page < endOf(memory.ram)) {
      throw fields.refuse('OVERLAP', `${name} lies in memory.ram`)
    }
  }
}

function registerPages({ interrupts, bells }: BoardDescription): [string, number][] {
  const { toLinux } = bells
  return [
    ...(interrupts.controller === 'gicv2'
      ? ([
          ['interrupts.distributor', interrupts.distributor],
          ['interrupts.cpuInterface', interrupts.cpuInterface],
        ] satisfies [string, number][])
      : ([['interrupts.registers', interrupts.registers]] satisfies [string, number][])),
    ...(toLinux.kind === 'spi'
      ? []
      : ([['bells.toLinux.registers', toLinux.registers]] satisfies [string, number][])),
  ]
}

export function endOf({ address, bytes }: BoardMemory): number {
  return address + bytes
}
