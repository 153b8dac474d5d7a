import type { Peer, PeerHandler } from '../../src/server/peer.ts'

/** One peer that was handed to the service, and what came of it. */
export class RecordedPeer implements PeerHandler {
  readonly peer: Peer
  readonly messages: string[] = []
  readonly errors: Error[] = []
  drains = 0
  closes = 0
  /** Called for each message, after it was recorded. */
  reaction: (message: Uint8Array) => void = () => {}
  readonly #changed: () => void

  constructor(peer: Peer, changed: () => void) {
    this.peer = peer
    this.#changed = changed
  }

  onMessage(message: Uint8Array): void {
    this.messages.push(Buffer.from(message).toString())
    this.#changed()
    this.reaction(message)
  }

  onDrain(): void {
    this.drains++
    this.#changed()
  }

  onError(error: Error): void {
    this.errors.push(error)
    this.#changed()
  }

  onClose(): void {
    this.closes++
    this.#changed()
  }
}

/** A service that records what its peers do. */
export class RecordingPeers {
  readonly all: RecordedPeer[] = []
  readonly #watchers = new Set<() => void>()

  readonly connect = (peer: Peer): RecordedPeer => {
    const recorded = new RecordedPeer(peer, () => this.#changed())
    this.all.push(recorded)
    this.#changed()
    return recorded
  }

  /** Resolves as soon as `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  /** The peer that came as number `index`, once it has come. */
  async at(index: number): Promise<RecordedPeer> {
    await this.until(() => this.all.length > index)
    const recorded = this.all[index]
    if (recorded === undefined) throw new Error(`There is no peer ${index}`)
    return recorded
  }

  #changed(): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher()
  }
}
