/** Where a server listens, or what it is bound to. */
export interface ListenAddress {
  /** 0 to 65535; 0 picks a free port. */
  readonly port: number
  /** An IPv4 or IPv6 address or a host name. */
  readonly host: string
}

/**
 * What carries bytes for a `TcpEngine`. The engine knows nothing of sockets; every transport gives
 * it the same behaviour, and the same tests run over each.
 */
export interface Transport {
  /**
   * Starts accepting.
   *
   * @returns the bound address, its port never 0.
   * @throws the system's error (`EADDRINUSE`, `EACCES`…) where that fails.
   */
  listen(address: ListenAddress, acceptor: Acceptor): Promise<ListenAddress>
  /** Stops accepting. Connections stay. Resolves when the port is free again. */
  close(): Promise<void>
}

/** Gets each new connection and answers with who handles it, or `null` to refuse it. */
export type Acceptor = (connection: Connection) => ConnectionHandler | null

/** One connection, as the engine drives it. */
export interface Connection {
  /** The peer, for example `127.0.0.1:49152`. */
  readonly remoteAddress: string
  /** Bytes accepted by `write` that the kernel has not taken yet. */
  readonly queuedBytes: number
  /**
   * Sends the chunks in order. The transport owns them until they are sent: the caller does not
   * change them.
   *
   * @returns true where the kernel took everything, false where a part is queued (`onDrain` follows).
   */
  write(chunks: readonly Uint8Array[]): boolean
  /** No further `onData` until `resumeReading`. */
  pauseReading(): void
  resumeReading(): void
  /** Sends what is queued, then a FIN. `onClose` follows when the peer has closed as well. */
  end(): void
  /** Drops what is queued and closes at once, with a RST. `onClose` follows. */
  reset(): void
}

/** What the engine does with a connection's events. */
export interface ConnectionHandler {
  /** `chunk` is valid until the call returns. */
  onData(chunk: Buffer): void
  /** Everything queued has been taken by the kernel. */
  onDrain(): void
  /** The peer sent its FIN. It may still read. */
  onEnd(): void
  /** The last event, exactly once; `error` where the connection broke. */
  onClose(error?: Error): void
}
