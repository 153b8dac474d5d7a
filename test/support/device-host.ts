// A host to which the region is a device's memory, as `/dev/mem` gives it. Its one core is started by who
// starts this, and neither of them rings. It uses all that a server uses of a region, and says in a line of
// JSON what came of it.
//
//   device-host.js REGION RING_CAPACITY_BYTES
import { EventEmitter } from 'node:events'
import { statSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { askCore, RUN } from '../../src/cores/ask-core.ts'
import type { Core, CoreEvents } from '../../src/cores/core.ts'
import { readFaultReport } from '../../src/cores/fault-record.ts'
import { TraceReader } from '../../src/cores/trace-reader.ts'
import { RegionInspector } from '../../src/shm/region-inspector.ts'
import { SURROUNDINGS } from '../../src/shm/region-place.ts'
import { COMMAND } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { effectIndex, openStream, passBlock } from './core-streams.ts'
import { echoAll, noiseBytes } from './echo-blocks.ts'
import { LinkedCore } from './linked-core.ts'

/** What the program says. */
export interface DeviceHostResult {
  readonly memoryType: string
  /** Blocks that came back as they were sent, of 3 × {@link BLOCKS}. */
  readonly echoed: number
  /** Bytes of a block whose samples are not whole words' worth, as it came back. */
  readonly oddBytes: number
  readonly traceLines: number
  readonly unreadBytes: number
  readonly wasIntact: boolean
}

export const BLOCKS = 10

/** A core that somebody else started, and that is looked at all the time. */
class PolledCore extends EventEmitter<CoreEvents> implements Core {
  readonly kind = 'hosted'
  readonly pid = undefined
  #look: NodeJS.Immediate | undefined

  constructor() {
    super()
    const look = () => {
      this.emit('bell')
      this.#look = setImmediate(look)
    }
    look()
  }

  ring(): void {}

  async ended(): Promise<boolean> {
    return true
  }

  kill(): void {
    clearImmediate(this.#look)
  }
}

async function main([path = '', capacity = '']: readonly string[]): Promise<DeviceHostResult> {
  // A file that stands in for /dev/mem, which is this device.
  const surroundings = { ...SURROUNDINGS, deviceNumber: () => '1:1' }
  const ringCapacityBytes = Number(capacity)
  const length = statSync(path).size
  const place = { cores: 1, ringCapacityBytes, length }
  const region = SharedRegion.attachHost(path, place, surroundings)
  const t = { teardown() {} } as unknown as ExecutionContext
  const core = new PolledCore()
  const linked = await LinkedCore.over(t, region, 0, async () => core)

  let echoed = (await openStream(linked)) && (await echoAll(linked, BLOCKS)) ? BLOCKS : 0
  await effectIndex(linked, 'lowpass')
  const oddBytes = (await passBlock(linked, BLOCKS, noiseBytes(1, 4 * 3)))?.length ?? 0
  if (await echoAll(linked, BLOCKS)) echoed += BLOCKS

  let traceLines = 0
  new TraceReader(region, 0).read(() => traceLines++)
  readFaultReport(region, 0)
  region.shared.hostStatus.heartbeat++

  // What `carillon rings` does beside it.
  const seen = SharedRegion.attach(path, { length }, surroundings)
  const inspector = new RegionInspector(seen)
  linked.isDeaf = true
  linked.link.send(COMMAND.DESCRIBE, 0, 0, new Uint8Array(0))
  await linked.untilCore(() => linked.link.fromCore.unread > 0)
  const unreadBytes = inspector
    .rings()
    .reduce((bytes, ring) => bytes + (ring.inspector?.copyUnread().bytes.length ?? 0), 0)
  inspector.look()
  seen.check()
  linked.isDeaf = false

  region.check()
  const wasIntact = region.isIntact
  // As a server does that found it damaged: the core begins anew on it.
  linked.link.unlink(new Error('the region is made anew'))
  region.renew()
  await linked.until(() => linked.link.isLinked)
  if ((await openStream(linked)) && (await echoAll(linked, BLOCKS))) echoed += BLOCKS
  askCore(region, 0, RUN)
  core.kill()
  const { memoryType } = region
  linked.link.close(new Error('all is done'))
  region.close()
  return { memoryType, echoed, oddBytes, traceLines, unreadBytes, wasIntact }
}

if (process.argv[1] === import.meta.filename) {
  console.log(JSON.stringify(await main(process.argv.slice(2))))
}
