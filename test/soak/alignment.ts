import { deepEqual, equal, ok } from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CarillonClient } from '../../src/client/index.ts'
import { readBoard } from '../../src/cores/read-board.ts'
import { accessesSince, offences, RegionAccesses } from '../support/region-accesses.ts'
import { importScript, REPOSITORY } from '../support/repository.ts'
import { PATIENCE, randomFrom, type SoakRun } from '../support/soak.ts'
import { streamVerified } from '../support/verified-stream.ts'

export const summary =
  "a server in Linux on an emulated machine has the cores' memory mapped as a device's, and each access of that Linux to it is looked at"

const BOARD = 'qemu-virt'

/** The processor's core that is Linux's. */
const LINUX = 0

/** An emulator that looks at each access is slow, and slower beside others; seen: 100 s and 300 s. */
const READY_MS_MAX = 15 * 60_000

/** Blocks of each stream, before the next three are opened. */
const BLOCKS = 30

/** After so many rounds of streams the server is killed and started again. */
const ROUNDS_BETWEEN_KILLS = 10

interface Machine extends EventEmitter {
  readonly port: number
  run(command: string): Promise<{ status: number; output: string } | undefined>
  powerOff(): Promise<boolean>
  kill(): Promise<void>
}

interface Image {
  readonly machine: readonly string[]
}

export async function soak(run: SoakRun): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-alignment-'))
  run.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const { firmware, region } = readBoard(BOARD).memory
  equal(region.address, firmware.address + firmware.bytes, 'the region is behind the firmware')
  // Also what is run: without the driver a server looks whether it is there.
  const at = { start: firmware.address, bytes: firmware.bytes + region.bytes }
  const accesses = await RegionAccesses.prepare(folder, at, { core: LINUX })
  run.progress('Linux starts')
  const machine = await startMachine(accesses.arguments)
  run.teardown(() => machine.kill())
  // With the driver all of it is memory to the server, and may be copied in any way.
  const before = accesses.read()
  run.progress('the server starts without the driver')
  const resume = await loadForDevice(machine)
  const loaded = accesses.read()
  await startsServer(machine, resume)
  const endMs = performance.now() + run.durationMs
  let blocks = 0
  for (let round = 1; round === 1 || performance.now() < endMs; round++) {
    if (round % ROUNDS_BETWEEN_KILLS === 0)
      await startsServer(machine, 'kill -9 $(cat /run/server)')
    blocks += await passStreams(machine.port, round)
    run.progress(`${blocks} blocks; ${told(accessesSince(loaded, accesses.read()))}`)
  }
  equal(await machine.powerOff(), true, 'it goes off in time')
  const found = accessesSince(loaded, accesses.read())
  deepEqual(offences(found, 'device'), [])
  const words = found[0]?.stores.get(4) ?? 0
  ok(words > blocks, `the server stored ${words} words, which is not all that it did`)
  ok(offences(before, 'device').length > 0, 'nothing was found where anything may be done')
  run.progress(`${blocks} blocks; ${told(found)}; with the driver before: ${told(before)}`)
}

function told(cores: ReturnType<RegionAccesses['read']>): string {
  const [{ loads = new Map(), stores = new Map(), sites = [] } = {}] = cores
  const list = (counts: ReadonlyMap<number, number>) =>
    [...counts].map(([bytes, count]) => `${count} of ${bytes}`).join(', ') || 'none'
  const against = sites.reduce((sum, { count }) => sum + count, 0)
  return `loads: ${list(loads)} bytes; stores: ${list(stores)} bytes; ${against} that a device does not take`
}

async function startMachine(plugin: readonly string[]): Promise<Machine> {
  const { LinuxMachine } = await importScript<{
    LinuxMachine: { start(image: object, target: object, options: object): Promise<Machine> }
  }>('machine/linux-machine.mjs')
  const { buildImage } = await importScript<{
    buildImage(root: string, target: object, options: { cache: string }): Promise<Image>
  }>('machine/build-image.mjs')
  const { machineBoard } = await importScript<{ machineBoard(name: string): object }>(
    'machine/boards.mjs',
  )
  const { cacheFolder } = await importScript<{ cacheFolder(): string }>('machine/cache-folder.mjs')
  const target = machineBoard(BOARD)
  const image = await buildImage(REPOSITORY, target, { cache: cacheFolder() })
  return await LinuxMachine.start({ ...image, machine: [...image.machine, ...plugin] }, target, {
    readyMsMax: READY_MS_MAX,
  })
}

async function succeeds(machine: Machine, command: string): Promise<string> {
  const result = await machine.run(command)
  if (result?.status !== 0) throw new Error(`${command}: ${JSON.stringify(result)}`)
  return result.output
}

/** What the machine loads and starts, without a server, for a host to which the region is a device's memory. */
const LOAD = `
const cores = '/opt/carillon/dist/src/cores/'
const { openBoard } = await import(cores + 'open-board.js')
const { boardParameters, readBoardFirmware, writeImage } = await import(cores + 'board-image.js')
const { bareMetalFirmwarePath } = await import(cores + 'qemu-board.js')
const access = openBoard('${BOARD}')
const image = await readBoardFirmware(bareMetalFirmwarePath('${BOARD}'), access.board)
writeImage(access, image.load({ boot_parameters: boardParameters(access.board, false) }))
for (const core of access.board.cores.firmware) access.power.start(core, Number(image.entry))
process.exit()
`

/**
 * Ends the server, starts the cores anew and takes the driver away, while who looks after the server
 * stands still. Returns the command that lets him start it again, as often as it takes.
 */
async function loadForDevice(machine: Machine): Promise<string> {
  const stopped = untilLine(machine, (line) => line.includes('"event":"stopped"'))
  const supervisor = await succeeds(machine, "awk '{ print $4 }' /proc/$(cat /run/server)/stat")
  await succeeds(machine, `kill -STOP ${supervisor.trim()}; kill $(cat /run/server)`)
  await stopped
  const program = LOAD.trim().replaceAll("'", '"').replaceAll('\n', '; ')
  await succeeds(machine, `cd /tmp && node --input-type=module -e '${program}'`)
  await succeeds(machine, 'rmmod carillon_bridge')
  return `kill -CONT ${supervisor.trim()}`
}

/** Waits until the server that is started again is ready, and sees that it has no driver. */
async function startsServer(machine: Machine, command: string): Promise<void> {
  const heard: string[] = []
  const hear = (line: string) => heard.push(line)
  machine.on('line', hear)
  try {
    const ready = once(machine, 'ready', { signal: AbortSignal.timeout(READY_MS_MAX) })
    await succeeds(machine, command)
    const [message] = await ready
    equal(message.region, '/dev/mem')
  } catch (cause) {
    throw new Error(`the server was not started again:\n${heard.join('\n')}`, { cause })
  } finally {
    machine.off('line', hear)
  }
}

/** Three streams at once, which the server spreads over its cores. Returns how many blocks came back. */
async function passStreams(port: number, round: number): Promise<number> {
  const client = await CarillonClient.connect({ port, name: 'alignment', ...PATIENCE })
  let blocks = 0
  try {
    await Promise.all(
      [1, 2, 3].map((stream) =>
        streamVerified(client, {
          random: randomFrom(3 * round + stream),
          blocks: BLOCKS,
          onBlock: () => blocks++,
        }),
      ),
    )
    return blocks
  } finally {
    await client.close()
  }
}

function untilLine(machine: Machine, isIt: (line: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (line: string) => {
      if (!isIt(line)) return
      machine.off('line', look)
      resolve()
    }
    machine.on('line', look)
  })
}
