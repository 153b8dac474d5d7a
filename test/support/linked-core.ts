import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { CoreLink, type LostRecords } from '../../src/bridge/core-link.ts'
import type { Core } from '../../src/cores/core.ts'
import { HostedCore, type HostedCoreOptions } from '../../src/cores/hosted-core.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A record of a core's, with its payload copied. */
export interface CoreRecord {
  readonly type: number
  readonly stream: number
  readonly sequence: number
  readonly payload: Uint8Array
}

/** A region, a core on it and a link to it, for one test. */
export class LinkedCore {
  readonly region: SharedRegion
  readonly link: CoreLink
  /** Why the link was lost, each time. */
  readonly unlinks: Error[] = []
  /** What the rings held before each link. */
  readonly lost: LostRecords[] = []
  core: Core | undefined
  /** Bells of the core are not listened to. */
  isDeaf = false
  rooms = 0
  /** Called with each record before it is kept. */
  onRecord: () => void = () => {}
  readonly #startCore: () => Promise<Core>
  readonly #records: CoreRecord[] = []
  #notify: () => void = () => {}
  #ended = false

  private constructor(region: SharedRegion, index: number, startCore: () => Promise<Core>) {
    this.region = region
    this.#startCore = startCore
    this.link = new CoreLink(region, index, () => this.core?.ring(), {
      onLinked: (lost) => {
        this.lost.push(lost)
        this.#notify()
      },
      onUnlinked: (reason) => {
        this.unlinks.push(reason)
        this.#notify()
      },
      onRecord: ({ type, stream, sequence, offset, length }, bytes) => {
        this.#records.push({
          type,
          stream,
          sequence,
          payload: bytes.slice(offset, offset + length),
        })
        this.onRecord()
        this.#notify()
      },
      onRoom: () => {
        this.rooms++
        this.#notify()
      },
    })
  }

  /** Starts a hosted core and waits until it is linked. */
  static async start(
    t: ExecutionContext<unknown>,
    ringCapacityBytes = 65536,
    options: Pick<HostedCoreOptions, 'doorbell' | 'firmware'> = {},
  ): Promise<LinkedCore> {
    const path = join(temporaryFolder(t), 'region')
    const region = SharedRegion.create(path, { cores: 1, ringCapacityBytes })
    return LinkedCore.over(t, region, 0, () => HostedCore.start({ region, core: 0, ...options }))
  }

  /** Starts one core of a region as `startCore` does and waits until it is linked. */
  static async over(
    t: ExecutionContext<unknown>,
    region: SharedRegion,
    index: number,
    startCore: () => Promise<Core>,
  ): Promise<LinkedCore> {
    const linked = new LinkedCore(region, index, startCore)
    await linked.spawn()
    t.teardown(() => linked.#end())
    await linked.until(() => linked.link.isLinked)
    return linked
  }

  /** The core's process. */
  get pid(): number {
    if (this.core?.pid === undefined) throw new Error('no core has been started')
    return this.core.pid
  }

  /** Records that came and were not taken. */
  get waiting(): number {
    return this.#records.length
  }

  /** Starts a process for the core, the first or another. */
  async spawn(): Promise<Core> {
    const core = await this.#startCore()
    this.core = core
    core.on('bell', () => {
      if (!this.isDeaf) this.link.onBell()
      this.#notify()
    })
    core.on('exit', () => this.#notify())
    this.link.onBell()
    return core
  }

  /** Resolves once `condition` holds; looked at whenever the core does anything. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#notify = () => {
        if (this.#ended || condition()) resolve()
      }
      this.#notify()
    })
  }

  /** Resolves once `condition` holds of what a core changes without a bell. */
  untilCore(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = setInterval(() => {
        if (!this.#ended && !condition()) return
        clearInterval(look)
        resolve()
      }, 1)
    })
  }

  /** The next `count` records. */
  async take(count: number): Promise<CoreRecord[]> {
    await this.until(() => this.#records.length >= count)
    return this.#records.splice(0, count)
  }

  async #end(): Promise<void> {
    this.#ended = true
    this.link.close(new Error('the test is over'))
    this.core?.kill()
    await this.core?.ended(10_000)
  }
}
