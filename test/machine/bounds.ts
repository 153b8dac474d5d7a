import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readBoard } from '../../src/cores/read-board.ts'
import { guestCommand, type Machine, outputOf } from '../support/linux-machine.ts'
import { steadyClients } from './steady-client.ts'

/** What is left to Linux where it fills the rest, in KiB: enough for its server. */
const LEFT_KIB = 128 * 1024

/** Linux knows of no other processor than its own, and has nothing of the firmware's memory. */
export async function linuxKeepsToItsOwn(machine: Machine, board: string): Promise<void> {
  const { memory, cores } = readBoard(board)
  equal(await outputOf(machine, 'nproc'), `${cores.linux.length}`)
  const processors = await outputOf(machine, 'grep -c ^processor /proc/cpuinfo')
  equal(processors, `${cores.linux.length}`)
  for (const kind of ['possible', 'present', 'online']) {
    equal(await outputOf(machine, `cat /sys/devices/system/cpu/${kind}`), cores.linux.join(), kind)
  }
  // None of the lines, whatever they are called, but those of the driver's own.
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

/**
 * Fills all memory that Linux has while a client streams on each core: what comes back is right, and what
 * Linux has written is still there.
 *
 * @returns how much it was, in MiB.
 */
export async function memoriesStayApart(machine: Machine, cores: number): Promise<number> {
  const clients = await steadyClients(machine.port, cores)
  const free = Number(await outputOf(machine, "awk '/^MemAvailable/ { print $2 }' /proc/meminfo"))
  const mebibytes = Math.floor((free - LEFT_KIB) / 1024)
  ok(mebibytes > 0, `${free} KiB`)
  await outputOf(machine, 'mkdir -p /tmp/full && mount -t tmpfs -o size=100% full /tmp/full')
  // No two blocks are alike: each line has its own number.
  const fill = `yes 'of Linux' | cat -n | head -c ${mebibytes * 2 ** 20} | tee /tmp/full/file | md5sum`
  const written = await outputOf(machine, fill)
  await Promise.all(clients.map((client) => client.passed()))
  equal(await outputOf(machine, 'md5sum </tmp/full/file'), written)
  await outputOf(machine, 'rm /tmp/full/file && umount /tmp/full')
  await Promise.all(clients.map((client) => client.leave()))
  return mebibytes
}
