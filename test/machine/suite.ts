import { type ChildProcess, spawn } from 'node:child_process'
import { type EventEmitter, once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { CarillonClient } from '../../src/client/index.ts'
import { endOf } from '../../src/cores/board-description.ts'
import { readBoard } from '../../src/cores/read-board.ts'
import { carillon } from '../support/carillon-command.ts'
import { startServer } from '../support/carillon-server.ts'
import { importScript, REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { streamVerified } from '../support/verified-stream.ts'
import { writeRecording } from '../support/wav-files.ts'

interface Machine extends EventEmitter {
  readonly port: number
  readonly consolePort: number
  readonly pid: number
  run(command: string): Promise<{ status: number; output: string } | undefined>
  reboot(): Promise<void>
  powerOff(): Promise<boolean>
  kill(): Promise<void>
  readonly exited: Promise<{ code: number | null }>
}

interface Target {
  readonly name: string
}

const { LinuxMachine } = await importScript<{
  LinuxMachine: { start(image: object, target: Target, options?: object): Promise<Machine> }
}>('machine/linux-machine.mjs')
const { buildImage, isFetched } = await importScript<{
  buildImage(root: string, target: Target, options: object): Promise<object>
  isFetched(target: Target, cache: string): boolean
}>('machine/build-image.mjs')
const { machineBoard } = await importScript<{ machineBoard(name: string): Target }>(
  'machine/boards.mjs',
)
const { cacheFolder } = await importScript<{ cacheFolder(): string }>('machine/cache-folder.mjs')
const { inCi } = await importScript<{ inCi(): boolean }>('testing/in-ci.mjs')

// What is true of every board; which one it is, the test file says that imports this.
const TARGET = machineBoard(process.env.CARILLON_MACHINE ?? '')
const { firmware, region } = readBoard(TARGET.name).memory
const CACHE = cacheFolder()

/** For what boots, or is built first: 10 to 15 seconds on an idle machine. */
const BOOT_MS = 4 * 60_000

const canRun = inCi() || isFetched(TARGET, CACHE)

/** Declares tests of the machine, one after the other. Where its packages were not fetched they are skipped. */
const machineTest: typeof test.serial = canRun
  ? test.serial
  : (((title: string, implementation: () => void) =>
      test.serial.skip(
        `${title} (NEEDS the machine's image: npm run image -- ${TARGET.name})`,
        implementation,
      )) as typeof test.serial)

let image: object
let machine: Machine

if (canRun) {
  test.before(async (t) => {
    t.timeout(BOOT_MS)
    image = await buildImage(REPOSITORY, TARGET, { cache: CACHE, mayFetch: inCi() })
    machine = await LinuxMachine.start(image, TARGET, { port: 0, consolePort: 0 })
  })
  test.after.always(async () => {
    await machine?.kill()
  })
}

/** The output of a command in the machine that succeeds. */
async function output(command: string): Promise<string> {
  const result = await machine.run(command)
  if (result?.status !== 0) throw new Error(`${command}: ${JSON.stringify(result)}`)
  return result.output.trim()
}

const DRIVER = '/sys/class/uio/uio0/device'

machineTest('Linux has one processor, and nothing of the firmware’s memory', async (t) => {
  t.is(await output('nproc'), '1')
  const ram = (await output('grep "System RAM" /proc/iomem')).split('\n')
  for (const line of ram) {
    const [from = 0, to = 0] = line.split(/[- ]/).map((digits) => Number.parseInt(digits, 16))
    for (const memory of [firmware, region]) {
      t.true(to < memory.address || from >= endOf(memory), line)
    }
  }
})

machineTest('all cores of the firmware run, and Linux’s own cannot be started', async (t) => {
  t.is(await output(`cat ${DRIVER}/core_states`), '1 on\n2 on\n3 on')
  const first = firmware.address
  for (const [asked, reason] of [
    [`0 ${first}`, 'Invalid argument'],
    [`4 ${first}`, 'Invalid argument'],
    [`1 ${first - 4}`, 'Invalid argument'],
    [`1 ${endOf(firmware)}`, 'Invalid argument'],
    [`1 ${first + 2}`, 'Invalid argument'],
    ['1', 'Invalid argument'],
    [`1 ${first} 0`, 'Invalid argument'],
    [`one ${first}`, 'Invalid argument'],
    // They run.
    [`1 ${first}`, 'resource busy'],
    [`3 ${endOf(firmware) - 4}`, 'resource busy'],
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

/** Passes blocks through three streams at once, which the server spreads over its cores. */
async function passStreams(): Promise<number> {
  const client = await CarillonClient.connect({ port: machine.port, name: 'streams' })
  let blocks = 0
  try {
    await Promise.all(
      [1, 2, 3].map((seed) => {
        let state = seed
        const random = () => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0
          return state / 2 ** 32
        }
        return streamVerified(client, { random, blocks: 30, onBlock: () => blocks++ })
      }),
    )
    return blocks
  } finally {
    await client.close()
  }
}

/** How often a core has rung for Linux so far. */
async function bells(): Promise<number> {
  const [, count] = (await output('grep carillon /proc/interrupts')).split(/\s+/)
  return Number(count)
}

machineTest('three streams at once come back bit for bit, and their cores ring', async (t) => {
  t.timeout(BOOT_MS)
  const before = await bells()
  t.is(await passStreams(), 90)
  const after = await bells()
  t.true(after > before, `${before} bells, then ${after}`)
})

machineTest('the console is served to this machine', async (t) => {
  const response = await fetch(`http://127.0.0.1:${machine.consolePort}/`)
  t.is(response.status, 200)
  t.true((await response.text()).includes('<title>'))
})

machineTest('a server that is killed is started again, and finds its cores', async (t) => {
  t.timeout(BOOT_MS)
  const ready = once(machine, 'ready')
  await machine.run('kill -9 $(cat /run/server)')
  await ready
  t.is(await passStreams(), 90)
})

machineTest('Linux is started anew, and its server has all cores again', async (t) => {
  t.timeout(BOOT_MS)
  await t.notThrowsAsync(machine.reboot())
  t.is(await output(`cat ${DRIVER}/core_states`), '1 on\n2 on\n3 on')
  t.is(await passStreams(), 90)
})

machineTest('a port in use is refused before anything boots', async (t) => {
  const start = LinuxMachine.start(image, TARGET, { port: machine.port })
  const { message } = (await t.throwsAsync(start)) ?? {}
  t.is(
    message,
    `port ${machine.port} of 127.0.0.1 is in use, or may not be used; 0 picks a free one [ERR_CARILLON_MACHINE_PORT]`,
  )
})

machineTest('a server that does not start ends the machine, with what it said', async (t) => {
  t.timeout(BOOT_MS)
  const start = LinuxMachine.start(image, TARGET, { serve: ['--cores', '0'] })
  const { message = '' } = (await t.throwsAsync(start)) ?? {}
  t.regex(message, /^the server in the machine ended with status 2; what was heard last:\n/)
  t.true(message.includes('--cores'), message)
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
