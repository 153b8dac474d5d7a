import { join } from 'node:path'
import { pino } from 'pino'
import { QemuRunner } from '../../src/cores/qemu-runner.ts'
import { ManagedCore } from '../../src/server/managed-core.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { writeFaultyFirmware } from '../support/faulty-firmware.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { running } from '../support/running-core.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MONO = { sampleRateHz: 48_000, channels: 1 }

/** What the firmware faults at: a list of values. */
const FIR = { name: 'fir', parameters: [{ name: 'taps', values: [1, 0, 0] }] }

for (const board of BOARDS) {
  boardTest(board)(
    'a core that faults is started anew, with all others of its machine',
    async (t) => {
      const folder = temporaryFolder(t)
      const firmware = join(folder, 'faulty.elf')
      await writeFaultyFirmware(firmware, board)
      const region = SharedRegion.create(join(folder, 'region'), { ...board.place, cores: 3 })
      const runner = new QemuRunner({ board, region, firmware })
      const options = { region, runner, silentTimeoutMs: 500, logger: pino({ level: 'silent' }) }
      const cores = [0, 1, 2].map((core) => new ManagedCore({ ...options, core }))
      t.teardown(() => Promise.all(cores.map((core) => core.stop())))
      await Promise.all(cores.map((core) => core.start()))
      for (let boot = 1; boot < 4; boot++) {
        t.deepEqual(
          cores.map(({ kind, status }) => ({ kind, boot: status.boot })),
          cores.map(() => ({ kind: board.kind, boot })),
        )
        const lost = cores.map((core) => new Promise((resolve) => core.once('lost', resolve)))
        const [core] = cores
        if (core === undefined) throw new Error('there is no core')
        const encoded = core.catalogue.encode(FIR, 0, core.blockBytesMax)
        const told = new Promise<Error>((resolve) => {
          const ignore = () => {}
          core.openStream(MONO, [encoded], {
            ...{ onStarted: ignore, onFailed: ignore, onSamples: ignore, onFlushed: ignore },
            ...{ onClosed: ignore, onLost: resolve },
          })
        })
        t.like(await told, { code: 'ERR_CARILLON_CORE_FAULT' })
        // The others are lost with their machine.
        const [first, ...others] = await Promise.all(lost)
        t.like(first, { code: 'ERR_CARILLON_CORE_FAULT' })
        for (const error of others) t.like(error, { code: 'ERR_CARILLON_CORE_LOST' })
        await Promise.all(cores.map((each) => running(each)))
      }
    },
  )
}
