import { type BoardDescription, endOf } from './board-description.ts'
import { BOARD_LIMITS } from './board-limits.ts'

/** A file that is made of a board's description, relative to the checkout. */
export interface BoardFile {
  readonly path: string
  readonly text: string
}

/** What the firmware's port for a board is built with, besides what others are. */
export function boardFiles(board: BoardDescription): BoardFile[] {
  const folder = `firmware/port/${board.name}`
  return [
    { path: `${folder}/board.h`, text: header(board) },
    { path: `${folder}/board.ld`, text: linkerScript(board) },
  ]
}

function generated({ name, summary }: BoardDescription): string {
  return `Generated from boards/${name}/board.json. Do not edit.\n${summary}.`
}

function header(board: BoardDescription): string {
  const guard = `CARILLON_BOARD_${board.name.toUpperCase().replaceAll('-', '_')}_H`
  const comment = generated(board).replaceAll(/^/gm, '// ')
  return [
    comment,
    `#ifndef ${guard}\n#define ${guard}\n`,
    ...Object.entries(definitions(board)).map(([name, value]) => `#define BOARD_${name} ${value}`),
    '\n#endif\n',
  ].join('\n')
}

/** Each is one that C and assembly understand. */
function definitions(board: BoardDescription): Record<string, string> {
  const { cores, memory, start, interrupts, bells } = board
  const [first = 0] = cores.firmware
  return {
    CORE_FIRST: `${first}`,
    CORES: `${cores.firmware.length}`,
    FIRMWARE: hex(memory.firmware.address),
    FIRMWARE_END: hex(endOf(memory.firmware)),
    REGION: hex(memory.region.address),
    REGION_END: hex(endOf(memory.region)),
    ...(start.method === 'parking' && { PARKING_PAGE: hex(start.page) }),
    ...(interrupts.controller === 'gicv2'
      ? {
          GIC_DISTRIBUTOR: hex(interrupts.distributor),
          GIC_CPU_INTERFACE: hex(interrupts.cpuInterface),
        }
      : { LOCAL_CONTROLLER: hex(interrupts.registers) }),
    BELL_TO_CORE: `${bells.toCore.number}`,
    BELL_TO_LINUX: `${bells.toLinux.number}`,
    ...(bells.toLinux.kind === 'system-timer' && { SYSTEM_TIMER: hex(bells.toLinux.registers) }),
  }
}

function linkerScript(board: BoardDescription): string {
  const { firmware } = board.memory
  const end = endOf(firmware) - (board.start.method === 'parking' ? BOARD_LIMITS.PAGE_BYTES : 0)
  const comment = generated(board).replaceAll('\n', '\n * ')
  return [
    `/* ${comment} */`,
    `IMAGE = ${address(firmware.address)};`,
    `IMAGE_END = ${address(firmware.address + BOARD_LIMITS.BLOCK_BYTES)};`,
    `CORES = ${board.cores.firmware.length};`,
    `CORES_END = ${address(end)};`,
    '\nINCLUDE port/aarch64/image.ld\n',
  ].join('\n')
}

/** Unsigned, for C. */
function hex(value: number): string {
  return `${address(value)}u`
}

function address(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
