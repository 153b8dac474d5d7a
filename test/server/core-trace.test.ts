import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CoreTrace, TRACE_LINES_PER_S_MAX } from '../../src/server/core-trace.ts'
import { LIMITS, SharedMem, TRACE_LEVEL } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { viewStruct } from '../../src/shm/struct-view.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** A core's side of a trace, and the log of it. */
function traced(t: ExecutionContext) {
  const region = SharedRegion.create(join(temporaryFolder(t), 'region'), { cores: 2 })
  t.teardown(() => region.remove())
  const core = viewStruct(SharedMem, region.memory, 0, 'core')
  const [, trace] = core.traces
  const [, status] = core.status
  const hostTrace = region.shared.traces[1]
  const hostStatus = region.shared.status[1]
  if (!trace || !status || !hostTrace || !hostStatus) throw new Error('there is no core 1')
  const { logger, lines } = recordingLogger()
  const log = new CoreTrace(region, 1, hostStatus, logger)
  let sequence = 0
  const write = (message: string, level: number = TRACE_LEVEL.INFO) => {
    const record = trace.records[trace.producer.tail % LIMITS.TRACE_RECORDS]
    if (record === undefined) throw new Error('there is no such place')
    Object.assign(record, { timeUs: 5_000_000_000n, level, sequence: sequence++, message })
    trace.producer.tail++
  }
  return { log, lines, write, producer: trace.producer, consumer: hostTrace.consumer, status }
}

test('each line is logged once, with what the core says of it', (t) => {
  const { log, lines, write, consumer } = traced(t)
  write('one', TRACE_LEVEL.ERROR)
  write('two', TRACE_LEVEL.DEBUG)
  write('of no known level', 77)
  log.look(0)
  log.look(0)
  const common = { coreTimeUs: 5_000_000_000 }
  t.deepEqual(lines, [
    { level: 50, ...common, trace: 0, msg: 'one' },
    { level: 20, ...common, trace: 1, msg: 'two' },
    { level: 30, ...common, trace: 2, msg: 'of no known level' },
  ])
  t.is(consumer.head, 3)
})

test('a trace as long as it may be is read whole; positions that cannot be cost what was there', (t) => {
  const { log, lines, write, producer, consumer } = traced(t)
  for (let line = 0; line < LIMITS.TRACE_RECORDS; line++) write(`line ${line}`)
  log.look(0)
  t.is(lines.length, LIMITS.TRACE_RECORDS)
  producer.tail += LIMITS.TRACE_RECORDS + 1
  log.look(0)
  t.is(lines.length, LIMITS.TRACE_RECORDS)
  t.is(consumer.head, producer.tail)
  consumer.head = 0x7fff_ffff
  log.look(0)
  t.is(consumer.head, producer.tail)
  write('and on')
  log.look(0)
  t.is(lines.at(-1)?.msg, 'and on')
})

test('positions wrap', (t) => {
  const { log, lines, write, producer, consumer } = traced(t)
  producer.tail = 0xffff_ffff
  consumer.head = 0xffff_ffff
  write('before')
  write('after')
  log.look(0)
  t.deepEqual(
    lines.map(({ msg }) => msg),
    ['before', 'after'],
  )
  t.is(consumer.head, 1)
})

test('of more lines than a log should have in a second, the number is told', (t) => {
  const { log, lines, write } = traced(t)
  for (let line = 0; line < TRACE_LINES_PER_S_MAX + 7; line++) {
    write(`line ${line}`)
    log.look(100)
  }
  t.is(lines.length, TRACE_LINES_PER_S_MAX)
  log.look(1099)
  t.is(lines.length, TRACE_LINES_PER_S_MAX)
  log.look(1100)
  t.like(lines.at(-1), { level: 40, leftOut: 7 })
  write('next second')
  log.look(1100)
  t.is(lines.at(-1)?.msg, 'next second')
})

test('what the core counted as lost is told, from 0 again after it has started anew', (t) => {
  const { log, lines, status } = traced(t)
  status.traceLost = 3
  log.look(0)
  t.like(lines, [{ level: 40, traceLost: 3 }])
  log.look(0)
  t.is(lines.length, 1)
  status.boot = 2
  status.traceLost = 2
  log.look(0)
  t.like(lines.at(-1), { traceLost: 2 })
})
