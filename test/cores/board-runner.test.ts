import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { boardParameters, readBoardFirmware, writeImage } from '../../src/cores/board-image.ts'
import { BoardRunner, type BoardRunnerOptions } from '../../src/cores/board-runner.ts'
import { BOOT_PARAMETERS } from '../../src/cores/boot-parameters.ts'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'
import { readFaultReport } from '../../src/cores/fault-record.ts'
import { boardNames } from '../../src/cores/read-board.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { errorMessage } from '../../src/errors.ts'
import { COMMAND, CORE_STATE } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { openStream } from '../support/core-streams.ts'
import { echoBlocks, echoTimes } from '../support/echo-blocks.ts'
import { writeFaultyFirmware } from '../support/faulty-firmware.ts'
import { buildSleepyImage } from '../support/firmware-tool.ts'
import { LinkedCore } from '../support/linked-core.ts'
import { needsTool } from '../support/needs-tool.ts'
import { StandInBoard } from '../support/stand-in-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOTHING = new Uint8Array(0)

/** Tests of a board's firmware beside what stands in for Linux, one after the other. */
function testOf(name: string) {
  const firmware = bareMetalFirmwarePath(name)
  const declare = existsSync(firmware)
    ? needsTool(test.serial, 'qemu-system-aarch64', 'apt-get install qemu-system-arm')
    : needsTool(
        test.serial,
        firmware,
        'apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu, npm run setup',
      )
  return (title: string, implementation: Parameters<typeof declare>[1]) =>
    declare(`${name}: ${title}`, implementation)
}

interface Host {
  readonly region: SharedRegion
  readonly runner: BoardRunner
  readonly cores: readonly LinkedCore[]
  /** As a server that is killed: nothing is told to the cores. */
  vanish(): void
}

interface HostOptions extends Partial<BoardRunnerOptions> {
  readonly order?: readonly number[]
  readonly hasDriver?: boolean
}

/** What a server is to a board, from its start. */
async function startHost(
  t: ExecutionContext,
  standIn: StandInBoard,
  cores: number,
  options: HostOptions = {},
): Promise<Host> {
  const { order = [0, 1, 2], hasDriver, ...given } = options
  const access = standIn.access(hasDriver)
  const region = SharedRegion.attachHost(access.region.path, { cores, ...access.region.place })
  const runner = new BoardRunner({ access, region, ...given })
  const linked: LinkedCore[] = []
  for (const index of order.filter((one) => one < cores)) {
    linked[index] = await LinkedCore.over(t, region, index, () => runner.start(index))
  }
  const vanish = () => {
    runner.close()
    access.close()
  }
  t.teardown(vanish)
  return { region, runner, cores: linked, vanish }
}

/** Of the firmware's cores, what the driver says. */
function statesOf(standIn: StandInBoard): (string | undefined)[] {
  const { power } = standIn.access()
  return standIn.board.cores.firmware.map((number) => power?.state(number))
}

/** movz x1, #address, lsl #16; ldr x1, [x1]; ret */
const READ = (address: number) => [0xd2a00001 | ((address >>> 16) << 5), 0xf9400021, 0xd65f03c0]

/** Of a page table's entry (D8.3 of the architecture): where it leads, and whether that is a table or a page. */
const ENTRY_ADDRESS = 0x0000_ffff_ffff_f000n
const ENTRY_KIND = 3n
const BLOCK = 1n
const PAGE_BYTES = 0x1000
const BLOCK_BYTES = 0x20_0000

/** Physical memory. */
interface Mapped {
  readonly address: number
  readonly bytes: number
}

/** What a core has mapped, by its own page tables, of which each level has 512 entries. */
function mappedBy(firmware: DataView, base: number, root: number): Mapped[] {
  const entriesOf = (table: number) =>
    Array.from({ length: PAGE_BYTES / 8 }, (_, at) => {
      return firmware.getBigUint64(table - base + 8 * at, true)
    }).filter((entry) => entry !== 0n)
  const leadsTo = (entry: bigint) => Number(entry & ENTRY_ADDRESS)
  return entriesOf(root)
    .flatMap((entry) => entriesOf(leadsTo(entry)))
    .flatMap((entry) =>
      (entry & ENTRY_KIND) === BLOCK
        ? [{ address: leadsTo(entry), bytes: BLOCK_BYTES }]
        : entriesOf(leadsTo(entry)).map((page) => ({ address: leadsTo(page), bytes: PAGE_BYTES })),
    )
}

/** msr daifset, #0xf; b . */
const HANG_MASKED = [0xd5034fdf, 0x14000000]

for (const name of boardNames()) {
  const boardTest = testOf(name)

  boardTest('three cores run beside another one, whichever comes first', async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const { cores, runner } = await startHost(t, standIn, 3, {
      firmware: await buildSleepyImage(name),
      order: [2, 0, 1],
    })
    t.is(runner.kind, `board:${name}`)
    const right = await Promise.all(cores.map((core) => echoBlocks(core, 200)))
    t.deepEqual(right, [200, 200, 200])
    for (const { link } of cores) t.is(link.status.state, CORE_STATE.RUNNING)
  })

  boardTest('a core that stops is off, and starts again while the others go on', async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const { cores, runner } = await startHost(t, standIn, 3)
    const [first, second, third] = cores
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('no cores')
    for (const core of cores) t.true(await openStream(core))
    for (let round = 0; round < 3; round++) {
      first.link.send(COMMAND.STOP, 0, 0, NOTHING)
      t.true(await first.core?.ended(10_000))
      t.deepEqual(statesOf(standIn), ['off', 'on', 'on'])
      t.deepEqual(await Promise.all([echoTimes(second, 20), echoTimes(third, 20)]), [20, 20])
      await first.spawn()
      await first.untilCore(() => first.link.isLinked)
      t.is(await echoBlocks(first, 20), 20)
    }
    // One that is killed is off as well, whatever it is at.
    second.core?.kill()
    t.true(await second.core?.ended(10_000))
    t.deepEqual(statesOf(standIn), ['on', 'off', 'on'])
    await second.spawn()
    await second.untilCore(() => second.link.isLinked)
    t.is(await echoBlocks(second, 20), 20)
    await runner.end()
    t.deepEqual(statesOf(standIn), ['off', 'off', 'off'])
  })

  boardTest("nothing of Linux's memory is mapped by any core", async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const { board } = standIn
    const { cores } = await startHost(t, standIn, 3)
    t.deepEqual(await Promise.all(cores.map((core) => echoBlocks(core, 20))), [20, 20, 20])
    const elf = await readElfFile(bareMetalFirmwarePath(name))
    const tables = elf.symbols().find((symbol) => symbol.name === 'core_tables')
    if (tables === undefined) throw new Error('there are no tables')
    const { ram, firmware, region } = board.memory
    const { bytes } = standIn.map(firmware.address, firmware.bytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const isIn = (inner: Mapped, outer: Mapped) =>
      inner.address >= outer.address && inner.address + inner.bytes <= outer.address + outer.bytes
    const count = board.cores.firmware.length
    for (let core = 0; core < count; core++) {
      const root = Number(tables.value) + (core * Number(tables.bytes)) / count
      const mapped = mappedBy(view, firmware.address, root)
      // All of the region, at least.
      const ofRegion = mapped.filter((one) => isIn(one, region))
      t.is(
        ofRegion.reduce((sum, one) => sum + one.bytes, 0),
        region.bytes,
      )
      t.deepEqual(
        mapped.filter((one) => isIn(one, ram) && !isIn(one, firmware) && !isIn(one, region)),
        [],
      )
    }
  })

  boardTest("a core that touches Linux's memory faults alone, whichever it is", async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const firmware = join(temporaryFolder(t), 'faulty.elf')
    const linux = standIn.board.memory.ram.address + 0x1000_0000
    await writeFaultyFirmware(
      firmware,
      { kind: name },
      READ(linux).map((word) => word >>> 0),
    )
    const { cores, region } = await startHost(t, standIn, 3, { firmware })
    const startAgain = async (core: LinkedCore) => {
      core.core?.kill()
      t.true(await core.core?.ended(10_000))
      t.is(statesOf(standIn)[core.link.core], 'off')
      await core.spawn()
      await core.untilCore(() => core.link.isLinked)
      t.is(await echoBlocks(core, 20), 20)
    }
    // From here on each has been asked for something, and would do it again if it forgot.
    for (const core of cores) await startAgain(core)
    for (const core of cores) {
      core.link.send(COMMAND.LIST, 0, 0, NOTHING)
      await core.untilCore(() => core.link.status.state === CORE_STATE.FAULTED)
      const report = readFaultReport(region, core.link.core)
      t.is(report?.kind, 'data abort')
      t.is(report?.touched, BigInt(linux))
      const others = cores.filter((other) => other !== core)
      for (const other of others) {
        // Rung for, so that it looks at what it is asked.
        t.is(await echoTimes(other, 20), 20)
        t.is(other.link.status.state, CORE_STATE.RUNNING)
      }
      await startAgain(core)
    }
    t.deepEqual(
      cores.flatMap(({ unlinks }) => unlinks.length),
      [2, 2, 2],
    )
  })

  boardTest('cores run on where their host is killed, and the next one has them', async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const one = await startHost(t, standIn, 3)
    for (const core of one.cores) t.true(await openStream(core))
    one.vanish()
    t.deepEqual(statesOf(standIn), ['on', 'on', 'on'])
    const boots = one.cores.map(({ link }) => link.status.boot)
    // Of another number of cores, too: what runs has all of the region.
    const next = await startHost(t, standIn, 2)
    t.deepEqual(await Promise.all(next.cores.map((core) => echoBlocks(core, 50))), [50, 50])
    for (const [at, { link }] of next.cores.entries())
      t.true(link.status.boot > (boots[at] ?? 0), `${link.status.boot} after ${boots[at]}`)
    next.vanish()
    // Another image is loaded, for which all of them are turned off first.
    const firmware = join(temporaryFolder(t), 'other.elf')
    await writeFaultyFirmware(firmware, { kind: name })
    const last = await startHost(t, standIn, 1, { firmware })
    t.is(await echoBlocks(last.cores[0] ?? t.fail(), 50), 50)
    t.deepEqual(statesOf(standIn), ['on', 'off', 'off'])
    last.vanish()
  })

  boardTest('without the driver the cores that run are used, and none can be loaded', async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const image = await readBoardFirmware(bareMetalFirmwarePath(name), standIn.board)
    // As what starts the machine does it.
    const access = standIn.access()
    const parameters = boardParameters(standIn.board, false)
    writeImage(access, image.load({ [BOOT_PARAMETERS]: parameters }))
    for (const number of [1, 2]) access.power?.start(number, Number(image.entry))
    const one = await startHost(t, standIn, 2, { hasDriver: false })
    t.deepEqual(await Promise.all(one.cores.map((core) => echoBlocks(core, 50))), [50, 50])
    const [first, second] = one.cores
    if (first === undefined || second === undefined) throw new Error('no cores')
    // One that stops waits in the firmware, where it can be had again.
    first.link.send(COMMAND.STOP, 0, 0, NOTHING)
    t.true(await first.core?.ended(10_000))
    t.deepEqual(statesOf(standIn), ['on', 'on', 'off'])
    t.is(await echoTimes(second, 20), 20)
    await first.spawn()
    await first.untilCore(() => first.link.isLinked)
    t.is(await echoBlocks(first, 20), 20)
    const firmware = join(temporaryFolder(t), 'other.elf')
    await writeFaultyFirmware(firmware, { kind: name })
    await one.runner.load(firmware)
    await t.throwsAsync(() => one.runner.start(0), { code: 'ERR_CARILLON_BOARD_DRIVER' })
    // Nor is what was loaded for a host with the driver: it caches the region.
    one.vanish()
    writeImage(access, image.load({ [BOOT_PARAMETERS]: boardParameters(standIn.board, true) }))
    const without = standIn.access(false)
    const runner = new BoardRunner({ access: without, region: one.region })
    t.teardown(() => runner.close())
    await t.throwsAsync(() => runner.start(0), { code: 'ERR_CARILLON_BOARD_DRIVER' })
  })

  boardTest(
    'a core that hangs with its interrupts masked is said to, and the others go on',
    async (t) => {
      const standIn = await StandInBoard.start(t, name, 'runner')
      const firmware = join(temporaryFolder(t), 'hanging.elf')
      await writeFaultyFirmware(firmware, { kind: name }, HANG_MASKED)
      const limits = { beginTimeoutMs: 1_000, offTimeoutMs: 100 }
      const { cores, runner } = await startHost(t, standIn, 2, { firmware, ...limits })
      const [first, second] = cores
      if (first === undefined || second === undefined) throw new Error('no cores')
      first.link.send(COMMAND.LIST, 0, 0, NOTHING)
      t.is(await echoBlocks(second, 20), 20)
      await t.throwsAsync(() => runner.start(0), { code: 'ERR_CARILLON_CORE_TIMEOUT' })
      t.is(await echoTimes(second, 20), 20)
      await runner.load(bareMetalFirmwarePath(name))
      await t.throwsAsync(() => runner.start(0), {
        code: 'ERR_CARILLON_CORE_TIMEOUT',
        message: /core 0 does not turn itself off/,
      })
    },
  )

  boardTest('a core that does not begin is not waited for where it is given up', async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const firmware = join(temporaryFolder(t), 'hanging.elf')
    await writeFaultyFirmware(firmware, { kind: name }, HANG_MASKED)
    // So long that the test would not end.
    const { cores, runner } = await startHost(t, standIn, 2, { firmware, beginTimeoutMs: 600_000 })
    const [first, second] = cores
    if (first === undefined || second === undefined) throw new Error('no cores')
    first.link.send(COMMAND.LIST, 0, 0, NOTHING)
    t.is(await echoBlocks(second, 20), 20)
    const given = new AbortController()
    const reason = new Error('no longer wanted')
    // Another one that is wanted waits for its turn.
    const starts = [runner.start(0, given.signal), runner.start(0, given.signal)]
    setImmediate(() => given.abort(reason))
    for (const start of starts) t.is(await t.throwsAsync(start), reason)
    t.is(await echoTimes(second, 20), 20)
  })

  boardTest('a core whose start is given up as it begins is off in the end', async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const access = standIn.access()
    const region = SharedRegion.attachHost(access.region.path, { cores: 2, ...access.region.place })
    // A busy machine may take its time.
    const runner = new BoardRunner({ access, region, offTimeoutMs: 60_000 })
    t.teardown(() => {
      runner.close()
      access.close()
    })
    const [number = 0] = standIn.board.cores.firmware
    const isOn = () => ['on', 'pending'].includes(access.power?.state(number) ?? '')
    for (let round = 0; round < 5; round++) {
      const given = new AbortController()
      const start = runner.start(0, given.signal)
      // As soon as the driver says so; its firmware may not have got far.
      while (!isOn()) await new Promise((resolve) => setImmediate(resolve))
      given.abort(new Error('no longer wanted'))
      // It may have begun just before.
      await start.catch((error) => t.is(errorMessage(error), 'no longer wanted'))
      await runner.end()
      t.false(isOn(), `round ${round}`)
    }
    t.is((await runner.start(1)).kind, `board:${name}`)
    await runner.end()
  })

  boardTest('a region has no more cores than the board has for the firmware', async (t) => {
    const standIn = await StandInBoard.start(t, name, 'runner')
    const access = standIn.access()
    const region = SharedRegion.attachHost(access.region.path, { cores: 4, ...access.region.place })
    t.teardown(() => region.close())
    t.throws(() => new BoardRunner({ access, region }), { code: 'ERR_CARILLON_ARGUMENT' })
  })
}
