import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { faultsBegun, readFaultReport } from '../../src/cores/fault-record.ts'
import { FAULT_KIND, LIMITS, SharedMem } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { viewStruct } from '../../src/shm/struct-view.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function faulted(t: ExecutionContext) {
  const region = SharedRegion.create(join(temporaryFolder(t), 'region'), { cores: 1 })
  t.teardown(() => region.remove())
  const [record] = viewStruct(SharedMem, region.memory, 0, 'core').faults
  if (record === undefined) throw new Error('there is no core 0')
  return { region, record }
}

test('a record is read when it is whole', (t) => {
  const { region, record } = faulted(t)
  record.begun = 4
  Object.assign(record, { kind: FAULT_KIND.DATA_ABORT, elr: 0x5000n, loadBias: 0x4000n, boot: 2 })
  Object.assign(record, { machine: 183, registerCount: 2, far: 0x10n, caller: 0x4444n })
  record.registers[1] = 99n
  t.is(faultsBegun(region, 0), 4)
  t.is(readFaultReport(region, 0), undefined)
  record.whole = 4
  const report = readFaultReport(region, 0)
  t.like(report, { kind: 'data abort', address: 0x5000n, fileAddress: 0x1000n, boot: 2 })
  t.like(report, { callerFileAddress: 0x444n, touched: 0x10n, lines: [] })
  t.deepEqual(report?.registers, { x0: 0n, x1: 99n })
  t.false('assertion' in (report ?? {}))
})

test('whatever is in a record is read within its bounds', (t) => {
  const { region, record } = faulted(t)
  const { faults } = SharedMem.offsets
  region.memory.bytes.fill(0xff, faults, faults + SharedMem.fields.faults.element.bytes)
  const report = readFaultReport(region, 0)
  t.is(report?.kind, 'unknown fault')
  t.is(Object.keys(report?.registers ?? {}).length, LIMITS.FAULT_REGISTERS)
  t.is(report?.lines.length, LIMITS.FAULT_LINES)
  t.is(report?.lines[0]?.level, 'info')
  t.true((report?.assertion?.message.length ?? 0) <= 112)
  record.machine = 62
  t.is(Object.keys(readFaultReport(region, 0)?.registers ?? {}).length, 16)
  t.is(faultsBegun(region, 9), 0)
  t.is(readFaultReport(region, 9), undefined)
})
