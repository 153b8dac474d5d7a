import type { Reactor } from '../reactor/reactor.ts'
import type { PlaceOptions } from '../shm/region-place.ts'
import type { BoardDescription } from './board-description.ts'

/** What a core of a board is, as its driver tells. A core that is parked can be started like one that is off. */
export type BoardCoreState = 'off' | 'pending' | 'on' | 'parked'

/** Starts cores, which only the kernel can. */
export interface BoardPower {
  /**
   * Starts a core that is off, at a physical address. What was written to the firmware's memory is
   * there before it runs.
   *
   * @param number as the processor has it.
   * @throws {BoardError} `ERR_CARILLON_BOARD_ACCESS`.
   */
  start(number: number, address: number): void
  /** @throws {BoardError} `ERR_CARILLON_BOARD_ACCESS`. */
  state(number: number): BoardCoreState
}

/** What hears the firmware's bells. */
export interface BoardEar {
  close(): void
}

/**
 * How this host reaches the firmware of the board that it runs on: what was opened and mapped, and is
 * closed at the end. Nothing more is opened after that.
 */
export interface BoardAccess {
  readonly board: BoardDescription
  /** Where the shared region lies, for `SharedRegion.attachHost`. */
  readonly region: { readonly path: string; readonly place: PlaceOptions }
  /**
   * How region and firmware are mapped: as the cores have it, coherent by their caches; or as a
   * device's memory is, where every access goes to memory and has to be aligned.
   */
  readonly memoryType: 'cached' | 'device'
  /** The firmware's memory. */
  readonly firmware: Uint8Array
  /** Undefined without the driver: cores that run are used as they are. */
  readonly power: BoardPower | undefined
  /** Rings a core, by its number in the processor. */
  ring(number: number): void
  /** Calls back soon after a core has rung: any of them. */
  listen(onBell: () => void, reactor?: Reactor): BoardEar
  /** Lets go of all of it. Harmless the second time. */
  close(): void
}
