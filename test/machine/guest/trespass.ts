// Tries to map from Linux what is not the server's to have, and prints a line of JSON for each attempt:
// `node trespass.js BOARD`. As root, and then as nobody.
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { BOARD_LIMITS } from '../../../src/cores/board-limits.ts'
import { readBoard } from '../../../src/cores/read-board.ts'
import { findUioDevice } from '../../../src/cores/uio-access.ts'
import { errorMessage } from '../../../src/errors.ts'
import { Mapping } from '../../../src/shm/mapping.ts'

const { PAGE_BYTES } = BOARD_LIMITS
const NOBODY = 65_534
const MAPS = 3

const { ram } = readBoard(process.argv[2] ?? '').memory
const device = findUioDevice() ?? ''
const uio = `/dev/${device}`

for (let map = 0; map < MAPS; map++) {
  const bytes = Number(readFileSync(`/sys/class/uio/${device}/maps/map${map}/size`, 'ascii'))
  tryToMap(`all of map ${map}`, uio, map * PAGE_BYTES, bytes)
  tryToMap(`a page more than map ${map}`, uio, map * PAGE_BYTES, bytes + PAGE_BYTES)
}
tryToMap('a map that is not there', uio, MAPS * PAGE_BYTES, PAGE_BYTES)
tryToMap("Linux's memory", '/dev/mem', ram.address + 0x1000_0000, PAGE_BYTES)
process.setgroups?.([])
process.setgid?.(NOBODY)
process.setuid?.(NOBODY)
tryToMap('as nobody', uio, 0, PAGE_BYTES)
tryToMap('as nobody, all memory', '/dev/mem', ram.address, PAGE_BYTES)

function tryToMap(what: string, path: string, offset: number, bytes: number): void {
  let result = 'mapped'
  try {
    const fd = openSync(path, constants.O_RDWR)
    try {
      new Mapping({ fd, offset, bytes, writable: true }).unmap()
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    result = errorMessage(error)
  }
  console.log(JSON.stringify({ what, result }))
}
