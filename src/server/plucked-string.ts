import type { Logger } from 'pino'
import type { CoreStream } from './core-stream.ts'
import type { ManagedCore } from './managed-core.ts'
import type { ScopeSource } from './scope.ts'

const SAMPLE_RATE_HZ = 48_000

/** 5 ms a block: short enough for a display to follow. */
const BLOCK_FRAMES = 256

/** A plucked A string, its edge taken off and a little body added. */
const CHAIN = [
  { name: 'pluck', parameters: [param('hz', 110), param('decay', 5), param('level', -9)] },
  { name: 'peak', parameters: [param('hz', 220), param('q', 1), param('db', 4)] },
  { name: 'lowpass', parameters: [param('hz', 5000)] },
]

function param(name: string, value: number) {
  return { name, values: [value] }
}

/** What the core plays to who listens while no client has a stream open: a stream that it runs by its own clock. */
export class PluckedString {
  static readonly SOURCE: ScopeSource = {
    name: 'plucked string',
    sampleRateHz: SAMPLE_RATE_HZ,
    channels: 1,
  }
  readonly #core: ManagedCore
  readonly #logger: Logger
  readonly #onSamples: (data: Uint8Array) => void
  #stream: CoreStream | undefined

  constructor(core: ManagedCore, logger: Logger, onSamples: (data: Uint8Array) => void) {
    this.#core = core
    this.#logger = logger
    this.#onSamples = onSamples
  }

  get isPlaying(): boolean {
    return this.#stream !== undefined
  }

  /** Starts to play, where the core runs and can. */
  start(): void {
    if (this.#stream !== undefined || this.#core.state !== 'running') return
    // A firmware of another maker may have no string: nothing depends on it.
    if (!this.#core.catalogue.has('pluck')) return
    try {
      const chain = CHAIN.map((effect, position) =>
        this.#core.catalogue.encode(effect, position, this.#core.blockBytesMax),
      )
      const format = {
        sampleRateHz: SAMPLE_RATE_HZ,
        channels: 1,
        freeRunningFrames: BLOCK_FRAMES,
      }
      this.#stream = this.#core.openStream(format, chain, this.#handler())
    } catch (error) {
      this.#logger.debug({ err: error }, 'no plucked string')
    }
  }

  stop(): void {
    this.#stream?.abandon()
    this.#stream = undefined
  }

  #handler() {
    // One that was stopped may still be heard from while another plays.
    const isMine = () => this.#stream?.handler === handler
    const end = (why: object) => {
      if (!isMine()) return
      this.#logger.debug(why, 'the plucked string has ended')
      this.#stream = undefined
    }
    const handler = {
      onStarted: () => {},
      onFailed: (failure: object) => end({ failure }),
      onSamples: (_sequence: number, memory: Uint8Array, start: number, end: number) => {
        if (isMine()) this.#onSamples(memory.subarray(start, end))
      },
      onFlushed: () => {},
      onClosed: () => end({}),
      onLost: (err: Error) => end({ err }),
    }
    return handler
  }
}
