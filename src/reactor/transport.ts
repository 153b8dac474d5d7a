/** Where a server listens, or what it is bound to. */
export interface ListenAddress {
  /** 0 to 65535; 0 picks a free port. */
  readonly port: number
  /** An IPv4 or IPv6 address or a host name. */
  readonly host: string
}

/** How a transport sets up each connection. */
export interface ConnectionOptions {
  /** Whether small packets go out at once (TCP_NODELAY). */
  readonly noDelay: boolean
}

/**
 * What carries bytes for a `TcpEngine`. The engine knows nothing of sockets; every transport gives
 * it the same behaviour, and the same tests run over each.
 *
 * Events come from the event loop only, never from inside a method of a transport or a connection,
 * and a connection's first one not before the acceptor has returned. `onQueued` alone may come from
 * inside any of these methods.
 */
export interface Transport {
  /**
   * Starts accepting. May be called again after `close`.
   *
   * @returns the bound address, its port never 0.
   * @throws the system's error (`EADDRINUSE`, `EACCES`…) where that fails.
   * @throws {StateError} where the transport listens already.
   */
  listen(
    address: ListenAddress,
    acceptor: Acceptor,
    options: ConnectionOptions,
  ): Promise<ListenAddress>
  /**
   * Stops accepting, at once. Connections stay. Resolves when the port is free again; never rejects.
   */
  close(): Promise<void>
}

/** What the engine does with a listening transport's events. */
export interface Acceptor {
  /**
   * Answers a new connection with who handles it, or with `null` to refuse it: it is closed with a
   * RST. The connection's methods may be called before this returns.
   */
  onConnection(connection: Connection): ConnectionHandler | null
  /** A connection could not be accepted (`ERR_CARILLON_DESCRIPTORS`…). The transport goes on listening. */
  onAcceptError(error: Error): void
}

/** One connection, as the engine drives it. After `onClose` every method does nothing. */
export interface Connection {
  /** The peer, for example `127.0.0.1:49152`. */
  readonly remoteAddress: string
  /**
   * Bytes accepted by `write` that the kernel has not taken yet; after `onClose`, those that it
   * never took.
   */
  readonly queuedBytes: number
  /**
   * Bytes accepted by `write` that the kernel is offered when the turn ends. They are taken then, or
   * queued. Always 0 over a transport that offers everything at once.
   */
  readonly deferredBytes: number
  /** Offers them now. */
  flush(): void
  /**
   * Sends the chunks in order. What is queued is not copied: the caller does not change it any
   * more. Only of what aliases the chunk of an `onData` under way does a transport that uses that
   * memory again keep a copy.
   *
   * @returns true where nothing is in the way: the kernel took everything, or is offered it when the
   *   turn ends; false where a part is queued (`onDrain` follows).
   */
  write(chunks: readonly Uint8Array[]): boolean
  /**
   * As `write`, of chunks that are the caller's again when this returns: what is not taken then is
   * copied. Absent where `write` does as well with a copy of them.
   *
   * @param bytes of all chunks, at least one.
   */
  writeCopy?(chunks: readonly Uint8Array[], bytes: number): boolean
  /**
   * As `writeCopy`, of `head` and of the bytes from `start` to `end` of `memory`, at least one in all;
   * the latter, where the transport sends it from where it lies, are the caller's again only when the
   * turn ends or after `flush`. Absent where `writeCopy` does as well.
   */
  writeLent?(head: Uint8Array, memory: Uint8Array, start: number, end: number): boolean
  /** As `write`, of the bytes from `start` to `end` of `memory`, at least one. */
  writeSlice(memory: Buffer, start: number, end: number): boolean
  /**
   * As `write`, of chunks that are not changed until `release` is called: once, whatever becomes of
   * the connection, when nothing is read from them any more. That may be from inside this call, and
   * after `onClose`. What is large is sent from where it lies, where the transport can.
   */
  writeHeld(chunks: readonly Uint8Array[], release: () => void): boolean
  /** Most bytes that `keep` keeps, with those that are missing. Absent where that is. */
  readonly keptBytesMax?: number
  /**
   * Keeps the end of a chunk: the next `onData` has it as its beginning. Called once for an `onData`,
   * when everything before is handled, and before anything else is done with the connection.
   *
   * @param missing how many bytes follow before they can be handled, at least one. 0 where reading is
   *   paused: they come when it is resumed, at once and with nothing more.
   * @returns false where that is not possible now. Absent where it never is.
   */
  keep?(bytes: Buffer, missing: number): boolean
  /** No further `onData` until `resumeReading`. `onEnd` and `onClose` may still come. */
  pauseReading(): void
  resumeReading(): void
  /**
   * Sends what is queued, then a FIN. `onClose` follows when the peer has closed as well. Called
   * once, with no `write` after it.
   */
  end(): void
  /** Drops what is queued and closes, with a RST. No further `onData`; `onClose` follows. */
  reset(): void
}

/** What the engine does with a connection's events. */
export interface ConnectionHandler {
  /**
   * `chunk` has at least one byte and is valid until the call returns. It begins with what was kept by
   * `Connection.keep`, and may have nothing more.
   */
  onData(chunk: Buffer): void
  /** Of a `write` that was answered true, a part is queued after all. `onDrain` follows. */
  onQueued(): void
  /**
   * The kernel took queued bytes: `queuedBytes` has fallen. After a `write` that was answered false
   * this comes at least once with `queuedBytes` at 0, unless the connection closes before.
   */
  onDrain(): void
  /** The peer sent its FIN: no further `onData`. It may still read. */
  onEnd(): void
  /** The last event, exactly once; `error` where the connection broke. */
  onClose(error?: Error): void
}
