import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readBoard } from '../../src/cores/read-board.ts'
import { guestCommand, type Machine, outputOf } from '../support/linux-machine.ts'
import { runProgram } from './run-program.ts'
import { steadyClients } from './steady-client.ts'

/**
 * What is left to Linux where it fills the rest, in KiB: enough for its server and the program that fills,
 * each with the pages of Node itself, which would else be read from the disk again and again.
 */
const LEFT_KIB = 192 * 1024

/** Linux knows of no other processor than its own, and has nothing of the firmware's memory. */
export async function linuxKeepsToItsOwn(machine: Machine, board: string): Promise<void> {
  const { memory, cores } = readBoard(board)
  equal(await outputOf(machine, 'nproc'), `${cores.linux.length}`)
  const processors = await outputOf(machine, 'grep -c ^processor /proc/cpuinfo')
  equal(processors, `${cores.linux.length}`)
  for (const kind of ['possible', 'present', 'online']) {
    equal(await outputOf(machine, `cat /sys/devices/system/cpu/${kind}`), cores.linux.join(), kind)
  }
  // What Linux has for memory of its own; the driver's, which is reserved, is called otherwise.
  const lines = (await outputOf(machine, 'grep "System RAM\\|Kernel" /proc/iomem')).split('\n')
  ok(lines.length > 0)
  for (const line of lines) {
    const [from = 0, to = 0] = line
      .split(/[- ]+/)
      .filter(Boolean)
      .map((digits) => Number.parseInt(digits, 16))
    for (const { address, bytes } of [memory.firmware, memory.region]) {
      ok(to < address || from >= address + bytes, line)
    }
  }
}

/** Nobody in Linux maps more of the machine than the driver gives, and only root that. */
export async function linuxMapsNoMore(machine: Machine, board: string): Promise<void> {
  const lines = (await outputOf(machine, guestCommand('trespass', board))).split('\n')
  const results = lines.map((line) => JSON.parse(line) as { what: string; result: string })
  const given = results.filter(({ result }) => result === 'mapped').map(({ what }) => what)
  deepEqual(given, ['all of map 0', 'all of map 1', 'all of map 2'])
  for (const { what, result } of results.filter(({ what }) => !given.includes(what))) {
    match(
      result,
      what.startsWith('as nobody') ? /EACCES/ : /invalid argument|operation not permitted/,
      what,
    )
  }
  equal(results.length, given.length * 2 + 4)
}

export interface MemoryOptions {
  readonly cores: number
  /** So much of Linux's memory is filled, at most, in MiB. Default: all of it. */
  readonly mebibytesMax?: number
  readonly report: (text: string) => void
}

/**
 * Fills the memory that Linux has while a client streams on each core: what comes back is right, and what
 * Linux has written is still there.
 *
 * @throws where one of them is not, or Linux has no memory to fill.
 */
export async function memoriesStayApart(machine: Machine, options: MemoryOptions): Promise<void> {
  const { cores, mebibytesMax = Number.POSITIVE_INFINITY, report } = options
  const clients = await steadyClients(machine.port, cores)
  const free = Number(await outputOf(machine, "awk '/^MemAvailable/ { print $2 }' /proc/meminfo"))
  const mebibytes = Math.min(Math.floor((free - LEFT_KIB) / 1024), mebibytesMax)
  ok(mebibytes > 0, `${free} KiB`)
  const folder = '/tmp/full'
  const file = `${folder}/file`
  await outputOf(machine, `mkdir -p ${folder} && mount -t tmpfs -o size=100% full ${folder}`)
  await runProgram(machine, ['filled-file', 'fill', file, `${mebibytes}`], 'fill', report)
  await Promise.all(clients.map((client) => client.passed()))
  await runProgram(machine, ['filled-file', 'check', file, `${mebibytes}`], 'check', report)
  await outputOf(machine, `rm ${file} && umount ${folder}`)
  await Promise.all(clients.map((client) => client.leave()))
  report(`Linux filled ${mebibytes} MiB, and neither touched the other's memory`)
}
