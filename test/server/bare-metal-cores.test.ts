import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { QemuBoard } from '../../src/cores/qemu-board.ts'
import { QemuRunner } from '../../src/cores/qemu-runner.ts'
import { ManagedCore } from '../../src/server/managed-core.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { writeFaultyFirmware } from '../support/faulty-firmware.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { running } from '../support/running-core.ts'
import { sendBlock } from '../support/send-block.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MONO = { sampleRateHz: 48_000, channels: 1 }

/** What the firmware faults at: a list of values. */
const FIR = { name: 'fir', parameters: [{ name: 'taps', values: [1, 0, 0] }] }

const HANG_MASKED = [0xd50342df, 0x14000000] // msr daifset, #2; b .

interface MachineOptions {
  readonly cores: number
  /** What core 0 does where it is told to fault. */
  readonly instructions?: readonly number[]
  readonly restartTimeoutMs: number
}

/** Cores of one machine. Of core 0 it is soon noticed that it stands still. */
async function machineOf(t: ExecutionContext, board: QemuBoard, options: MachineOptions) {
  const { cores, instructions, restartTimeoutMs } = options
  const folder = temporaryFolder(t)
  const firmware = join(folder, 'faulty.elf')
  await writeFaultyFirmware(firmware, board, instructions)
  const region = SharedRegion.create(join(folder, 'region'), { ...board.place, cores })
  const runner = new QemuRunner({ board, region, firmware, restartTimeoutMs })
  const { logger, lines } = recordingLogger()
  const managed = Array.from({ length: cores }, (_, core) => {
    const silentTimeoutMs = core === 0 ? 2000 : 60_000
    return new ManagedCore({ region, runner, core, silentTimeoutMs, logger })
  })
  t.teardown(async () => {
    await Promise.all(managed.map((core) => core.stop()))
    await runner.end()
  })
  await Promise.all(managed.map((core) => core.start()))
  return { cores: managed, lines }
}

/** Opens a stream, and resolves with how it is lost. */
function loss(core: ManagedCore, effects: (typeof FIR)[] = []): Promise<Error> {
  const encoded = effects.map((effect, at) => core.catalogue.encode(effect, at, core.blockBytesMax))
  return new Promise((resolve) => {
    const ignore = () => {}
    core.openStream(MONO, encoded, {
      ...{ onStarted: ignore, onFailed: ignore, onSamples: ignore, onFlushed: ignore },
      ...{ onClosed: ignore, onLost: resolve },
    })
  })
}

for (const board of BOARDS) {
  const qemuTest = boardTest(board)

  qemuTest('a core that faults is started anew, and the others go on', async (t) => {
    const { cores } = await machineOf(t, board, { cores: 3, restartTimeoutMs: 30_000 })
    const [core, ...others] = cores
    if (core === undefined) throw new Error('there is no core')
    const lost: number[] = []
    for (const other of others) other.on('lost', () => lost.push(other.index))
    for (let boot = 1; boot < 4; boot++) {
      t.is(core.status.boot, boot)
      t.like(await loss(core, [FIR]), { code: 'ERR_CARILLON_CORE_FAULT' })
      await running(core)
    }
    t.deepEqual(lost, [])
    t.deepEqual(
      others.map(({ kind, status, state }) => ({ kind, boot: status.boot, state })),
      others.map(() => ({ kind: board.kind, boot: 1, state: 'running' })),
    )
  })

  qemuTest(
    'a core that cannot be taken down takes its machine along, and the log says so',
    async (t) => {
      const { cores, lines } = await machineOf(t, board, {
        ...{ cores: 2, instructions: HANG_MASKED, restartTimeoutMs: 300 },
      })
      const [core, other] = cores
      if (core === undefined || other === undefined) throw new Error('there are no cores')
      const lost = loss(other)
      await loss(core, [FIR])
      t.regex((await lost).message, /core 0 did not begin anew, and so its machine had to/)
      await Promise.all(cores.map((each) => running(each)))
      t.true(
        lines.some(({ core: index, msg }) => index === 1 && /did not begin anew/.test(String(msg))),
      )
    },
  )

  qemuTest('QEMU that is stopped and goes on loses nothing', async (t) => {
    const { cores } = await machineOf(t, board, { cores: 2, restartTimeoutMs: 30_000 })
    const [, core] = cores
    if (core === undefined) throw new Error('there is no core')
    const sequences: number[] = []
    const echoed = new Promise<void>((resolve, reject) => {
      const stream = core.openStream(MONO, [], {
        onStarted: () => {
          process.kill(core.pid ?? 0, 'SIGSTOP')
          for (let block = 0; block < 20; block++) sendBlock(stream, block, new Uint8Array(256))
          process.kill(core.pid ?? 0, 'SIGCONT')
        },
        onSamples: (sequence) => {
          if (sequences.push(sequence) === 20) resolve()
        },
        ...{ onFailed: () => {}, onFlushed: () => {}, onClosed: () => {}, onLost: reject },
      })
    })
    await echoed
    t.deepEqual(
      sequences,
      Array.from({ length: 20 }, (_, block) => block),
    )
    t.is(core.status.boot, 1)
  })

  qemuTest('QEMU that stands still is given up, and all cores come back', async (t) => {
    const { cores, lines } = await machineOf(t, board, { cores: 2, restartTimeoutMs: 300 })
    const [core, other] = cores
    if (core === undefined || other === undefined) throw new Error('there are no cores')
    const lost = cores.map((each) => new Promise((resolve) => each.once('lost', resolve)))
    const { pid } = core
    process.kill(pid ?? 0, 'SIGSTOP')
    await Promise.all(lost)
    await Promise.all(cores.map((each) => running(each)))
    t.not(core.pid, pid)
    t.is(core.pid, other.pid)
    t.deepEqual([core.status.boot, other.status.boot], [2, 2])
    t.true(lines.some(({ code }) => code === 'ERR_CARILLON_CORE_TIMEOUT'))
  })
}
