import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { GUEST } from '../../bench/board/linux-machine.ts'
import { measureBoardTrips } from '../../bench/board/measure-board-trips.ts'
import { ROUND_TRIP_ASLEEP } from '../../bench/virt/cells.ts'
import { TRIP_TIMES_QUICK } from '../../bench/virt/measure-trips.ts'
import { endOf } from '../../src/cores/board-description.ts'
import { readBoard } from '../../src/cores/read-board.ts'
import { carillon } from '../support/carillon-command.ts'
import { startServer } from '../support/carillon-server.ts'
import {
  buildOwnImage,
  buildTestImage,
  canRun,
  coreStates,
  DRIVER,
  LinuxMachine,
  type Machine,
  machineBoard,
  outputOf,
  type TestImage,
} from '../support/linux-machine.ts'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeRecording } from '../support/wav-files.ts'
import { linuxKeepsToItsOwn, linuxMapsNoMore, memoriesStayApart } from './bounds.ts'
import { coreFaults } from './faults.ts'
import { lifeCycles } from './life-cycle.ts'
import { machineMessages } from './messages.ts'
import { killServer, passStreams, rebootLinux } from './recoveries.ts'
import { ServerControl } from './server-control.ts'

// What is true of every board; which one it is, the test file says that imports this.
const TARGET = machineBoard(process.env.CARILLON_MACHINE ?? '')
const BOARD = TARGET.name
const CORES = readBoard(BOARD).cores.firmware.length

/** For what boots, or is built first: 10 to 15 seconds on an idle machine. */
const BOOT_MS = 4 * 60_000

/** Declares tests of the machine, one after the other. Where its packages were not fetched they are skipped. */
const machineTest: typeof test.serial = canRun(TARGET)
  ? test.serial
  : (((title: string, implementation: () => void) =>
      test.serial.skip(
        `${title} (NEEDS the machine's image: npm run image -- ${TARGET.name})`,
        implementation,
      )) as typeof test.serial)

/** Of Linux's memory; a soak fills all of it. */
const FILLED_MIB = 32

const report = () => {}

let firmware: TestImage
let machine: Machine

if (canRun(TARGET)) {
  test.before(async (t) => {
    t.timeout(BOOT_MS)
    firmware = await buildTestImage(TARGET)
    machine = await LinuxMachine.start(firmware.image, TARGET, { port: 0, consolePort: 0 })
  })
  test.after.always(async () => {
    await machine?.kill()
  })
}

machineTest('Linux has one processor, and nothing of the firmware’s memory', async (t) => {
  await t.notThrowsAsync(linuxKeepsToItsOwn(machine, BOARD))
})

machineTest('Linux maps what the driver gives, as root, and nothing else', async (t) => {
  await t.notThrowsAsync(linuxMapsNoMore(machine, BOARD))
})

machineTest('all cores of the firmware run, and Linux’s own cannot be started', async (t) => {
  t.is(await coreStates(machine), '1 on\n2 on\n3 on')
  const { memory: memories, start } = readBoard(BOARD)
  const { firmware: memory } = memories
  const first = memory.address
  // Where cores wait is no place to start them.
  const end = start.method === 'parking' ? start.page : endOf(memory)
  for (const [asked, reason] of [
    [`0 ${first}`, 'Invalid argument'],
    [`4 ${first}`, 'Invalid argument'],
    [`1 ${first - 4}`, 'Invalid argument'],
    [`1 ${endOf(memory)}`, 'Invalid argument'],
    [`1 ${end}`, 'Invalid argument'],
    [`1 ${first + 2}`, 'Invalid argument'],
    ['1', 'Invalid argument'],
    [`1 ${first} 0`, 'Invalid argument'],
    [`one ${first}`, 'Invalid argument'],
    // They run.
    [`1 ${first}`, 'resource busy'],
    [`3 ${end - 4}`, 'resource busy'],
  ]) {
    const result = await machine.run(`echo ${asked} > ${DRIVER}/start_core`)
    t.is(result?.status, 1, asked)
    t.true(result?.output.includes(`${reason}`), `${asked}: ${result?.output}`)
  }
})

machineTest('a recording through effects is what it is from hosted cores', async (t) => {
  t.timeout(BOOT_MS)
  const folder = temporaryFolder(t)
  const recording = writeRecording(folder)
  const hosted = await startServer(t)
  const outputs: Buffer[] = []
  for (const address of [`127.0.0.1:${machine.port}`, hosted.address]) {
    const path = join(folder, `${outputs.length}.wav`)
    const effects = ['--effect', 'lowpass:hz=1000,q=0.7', '--effect', 'gain:db=-6']
    const { code, stderr } = await carillon(
      t,
      ...['process', recording, path, '--server', address, ...effects],
    )
    t.is(code, 0, stderr)
    outputs.push(readFileSync(path))
  }
  const [board, own] = outputs
  // In 16 bits, a difference of -120 dBFS may turn a sample by one step; here it does not.
  t.true(board !== undefined && own?.equals(board))
})

/** How often a core has rung for Linux so far. */
async function bells(): Promise<number> {
  const [, count] = (await outputOf(machine, 'grep carillon /proc/interrupts')).split(/\s+/)
  return Number(count)
}

machineTest('three streams at once come back bit for bit, and their cores ring', async (t) => {
  t.timeout(BOOT_MS)
  const before = await bells()
  await t.notThrowsAsync(passStreams(machine, CORES))
  const after = await bells()
  t.true(after > before, `${before} bells, then ${after}`)
})

machineTest('a second server gets no core, and those of the first go on', async (t) => {
  t.timeout(BOOT_MS)
  const options = `--core board:${BOARD} --cores ${CORES} --port 0 --no-console`
  const second = await machine.run(`node ${GUEST}/dist/cli/main.cjs serve ${options} 2>&1`)
  t.is(second?.status, 1)
  t.regex(
    `${second?.output}`,
    new RegExp(`another server has the cores of ${BOARD} \\[ERR_CARILLON_BOARD_BUSY\\]`),
  )
  await t.notThrowsAsync(passStreams(machine, CORES))
})

machineTest(
  'what Linux writes to its memory is still there after streams on all cores',
  async (t) => {
    t.timeout(BOOT_MS)
    const options = { cores: CORES, mebibytesMax: FILLED_MIB, report }
    await t.notThrowsAsync(memoriesStayApart(machine, options))
  },
)

machineTest('the console is served to this machine', async (t) => {
  const response = await fetch(`http://127.0.0.1:${machine.consolePort}/`)
  t.is(response.status, 200)
  t.true((await response.text()).includes('<title>'))
})

machineTest('a server that is killed is started again, and finds its cores', async (t) => {
  t.timeout(BOOT_MS)
  await t.notThrowsAsync(killServer(machine, CORES))
})

machineTest('Linux is started anew, and its server has all cores again', async (t) => {
  t.timeout(BOOT_MS)
  await t.notThrowsAsync(rebootLinux(machine, CORES))
})

machineTest('a port in use is refused before anything boots', async (t) => {
  const start = LinuxMachine.start(firmware.image, TARGET, { port: machine.port })
  const { message } = (await t.throwsAsync(start)) ?? {}
  t.is(
    message,
    `port ${machine.port} of 127.0.0.1 is in use, or may not be used; 0 picks a free one [ERR_CARILLON_MACHINE_PORT]`,
  )
})

machineTest('a server that does not start ends the machine, with what it said', async (t) => {
  t.timeout(BOOT_MS)
  const start = LinuxMachine.start(firmware.image, TARGET, { serve: ['--cores', '0'] })
  const { message = '' } = (await t.throwsAsync(start)) ?? {}
  t.regex(message, /^the server in the machine ended with status 2; what was heard last:\n/)
  t.true(message.includes('--cores'), message)
})

let control: ServerControl

machineTest('the server is held, and another one has its cores', async (t) => {
  t.timeout(BOOT_MS)
  t.is(await machine.hold(), 0)
  control = await ServerControl.start(machine, BOARD, firmware.faultyFirmware)
  await t.notThrowsAsync(passStreams(machine, CORES))
})

machineTest('cores start, stop, restart and are loaded anew under clients that stay', async (t) => {
  t.timeout(BOOT_MS)
  const options = { board: BOARD, cores: CORES, firmware, rounds: 2, report }
  await t.notThrowsAsync(lifeCycles(machine, control, options))
})

machineTest(
  'a core that writes to Linux’s memory faults, and the others lose nothing',
  async (t) => {
    t.timeout(BOOT_MS)
    const options = { board: BOARD, cores: CORES, firmware, faults: CORES, report }
    await t.notThrowsAsync(coreFaults(machine, control, options))
    await control.end()
  },
)

machineTest('checked messages go both ways between Linux and its cores', async (t) => {
  t.timeout(BOOT_MS)
  const options = { board: BOARD, firmware, messages: 3000, report }
  await t.notThrowsAsync(machineMessages(machine, options))
})

machineTest('round trips of the ring are measured in Linux', async (t) => {
  t.timeout(BOOT_MS)
  const { p50Us = 0 } = await measureBoardTrips(
    machine,
    BOARD,
    '',
    ROUND_TRIP_ASLEEP,
    TRIP_TIMES_QUICK,
  )
  t.true(p50Us > 0)
})

machineTest('the server that was held has its cores again', async (t) => {
  t.timeout(BOOT_MS)
  await machine.serve()
  await t.notThrowsAsync(passStreams(machine, CORES))
})

/** Whether a process is there. */
const isThere = (pid: number) => existsSync(`/proc/${pid}`)

machineTest('it goes off in order, and leaves nothing', async (t) => {
  t.timeout(BOOT_MS)
  t.true(await machine.powerOff())
  t.is((await machine.exited).code, 0)
  t.false(isThere(machine.pid))
})

/** QEMU, once a process has started it. */
async function qemuOf({ pid = 0 }: ChildProcess): Promise<number> {
  for (;;) {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'ascii').trim()
    // The program that starts it has become it.
    if (child !== '' && readFileSync(`/proc/${child}/comm`, 'ascii').startsWith('qemu')) {
      return Number(child)
    }
    await setImmediate()
  }
}

machineTest('Ctrl-C while it boots ends it, and so does the death of who started it', async (t) => {
  t.timeout(BOOT_MS)
  await buildOwnImage(TARGET)
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const command = ['scripts/machine.mjs', TARGET.name, '--port', '0', '--no-console']
    const child = spawn(process.execPath, command, { cwd: REPOSITORY, stdio: 'ignore' })
    t.teardown(() => child.kill('SIGKILL'))
    const closed = once(child, 'close')
    const qemu = await qemuOf(child)
    child.kill(signal)
    t.deepEqual(await closed, signal === 'SIGINT' ? [130, null] : [null, 'SIGKILL'])
    while (isThere(qemu)) await setImmediate()
  }
})
