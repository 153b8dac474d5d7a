/** Blocks there and back, while copies are counted. */
export interface CopiesCell {
  readonly kind: 'copies'
  readonly name: string
  readonly title: string
  readonly connections: number
  /** Of a block, in one channel of 32-bit floats. */
  readonly samples: number
  /** Blocks on their way on each connection. */
  readonly depth: number
}

/** One block there and back; then all memory is looked through for it. */
export interface PlacesCell {
  readonly kind: 'places'
  readonly name: string
  readonly title: string
  readonly samples: number
}

/** A mapped region to a socket, as fast as it goes. */
export interface StreamCell {
  readonly kind: 'stream'
  readonly name: string
  readonly title: string
  readonly blockBytes: number
}

export type Cell = CopiesCell | PlacesCell | StreamCell

export const CELLS: readonly Cell[] = [
  {
    ...{ kind: 'copies', name: 'copies-16k', title: 'Bytes copied, blocks of 16 KiB' },
    ...{ connections: 4, samples: 4096, depth: 8 },
  },
  {
    ...{ kind: 'copies', name: 'copies-1k', title: 'Bytes copied, blocks of 1 KiB' },
    ...{ connections: 10, samples: 256, depth: 16 },
  },
  {
    ...{ kind: 'places', name: 'places', title: 'Where a block of 2 KiB lies once it was there' },
    samples: 512,
  },
  {
    ...{
      kind: 'stream',
      name: 'stream-64k',
      title: 'A mapped region to a socket, blocks of 64 KiB',
    },
    blockBytes: 64 * 1024,
  },
  {
    ...{ kind: 'stream', name: 'stream-1m', title: 'A mapped region to a socket, blocks of 1 MiB' },
    blockBytes: 1024 * 1024,
  },
]
