/** Where the bytes of a WAV file come from. */
export interface WavSource {
  /** For sentences. */
  readonly name: string
  /** Whether bytes may be read again. Else each read begins where the one before ended, or later. */
  readonly isSeekable: boolean
  /** Bytes in all; `Infinity` while that is not known. */
  readonly sizeBytes: number
  /** Bytes to read at once where more will be wanted; 0 where they may be long in coming. */
  readonly readAheadBytes: number
  /**
   * Reads `bytes` bytes, fewer only at the end.
   *
   * @throws {WavError} `ERR_CARILLON_WAV_READ`.
   */
  read(offset: number, bytes: number): Promise<Buffer>
  close(): Promise<void>
}
