import type { QemuBoard } from './qemu-board.ts'

/**
 * What cores can be: processes of this machine, bare metal on a board that QEMU has, or bare metal on
 * other cores of this machine, which is the board of that name.
 */
export type CoreKind = 'hosted' | QemuBoard['kind'] | BoardKind

/** `board:qemu-virt`: a board that has a description in `boards/`. */
export type BoardKind = `board:${string}`

/** Cores whose region is a file. */
export type FileCoreKind = Exclude<CoreKind, BoardKind>

export function isBoardKind(kind: CoreKind): kind is BoardKind {
  return kind.startsWith('board:')
}
