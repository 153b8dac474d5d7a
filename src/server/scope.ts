import { ServerMessage } from '../../proto/messages.ts'

/** Times a second that a piece is sent: as often as a screen that is watched for pleasure needs. */
const PIECES_PER_SECOND = 25

/** The most frames of a piece. More than real time (a file that is processed) is left out. */
const FRAMES_MAX = 8192

const BYTES_PER_SAMPLE = 4

/** What is heard now. */
export interface ScopeSource {
  readonly name: string
  readonly sampleRateHz: number
  readonly channels: number
}

/** Collects what the core plays and hands it on in pieces, at a rate that a page can draw. */
export class Scope {
  readonly #send: (message: Uint8Array) => void
  #source: ScopeSource | undefined
  #pieces: Uint8Array[] = []
  #frames = 0
  #skipped = 0
  #timer: NodeJS.Timeout | undefined

  /** @param send takes an encoded ServerMessage. */
  constructor(send: (message: Uint8Array) => void) {
    this.#send = send
  }

  /** Listens while `wanted`. */
  setWanted(wanted: boolean): void {
    if (wanted === (this.#timer !== undefined)) return
    clearInterval(this.#timer)
    this.#timer = wanted ? setInterval(() => this.#flush(), 1000 / PIECES_PER_SECOND) : undefined
    this.#forget()
  }

  /** Another source is heard from now on. */
  setSource(source: ScopeSource | undefined): void {
    this.#flush()
    this.#source = source
    this.#skipped = 0
  }

  /** Takes a block of the source: interleaved f32, copied. */
  add(data: Uint8Array): void {
    if (this.#timer === undefined || this.#source === undefined) return
    const frames = data.byteLength / (BYTES_PER_SAMPLE * this.#source.channels)
    if (this.#frames + frames > FRAMES_MAX && this.#frames > 0) {
      this.#skipped += frames
      return
    }
    this.#pieces.push(data.slice())
    this.#frames += frames
  }

  #flush(): void {
    const source = this.#source
    if (source === undefined || this.#frames === 0) return
    const { name, sampleRateHz, channels } = source
    const data = Buffer.concat(this.#pieces)
    const skipped = this.#skipped
    this.#forget()
    this.#skipped = 0
    const scope = { source: name, sampleRateHz, channels, data, skipped }
    this.#send(ServerMessage.encode({ scope }).finish())
  }

  #forget(): void {
    this.#pieces = []
    this.#frames = 0
  }
}
