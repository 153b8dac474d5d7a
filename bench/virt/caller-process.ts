// Calls one core and measures how long the answers take: a process of its own, on a CPU of its own,
// with the core on another one. Prints the result as a line.

import { spawnSync } from 'node:child_process'
import { unlinkSync } from 'node:fs'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { CoreLink } from '../../src/bridge/core-link.ts'
import type { Core } from '../../src/cores/core.ts'
import { isBoardKind } from '../../src/cores/core-kind.ts'
import { openServerCores } from '../../src/server/server-cores.ts'
import { coreRings } from '../../src/shm/core-rings.ts'
import { COMMAND, EVENT, OpenStream } from '../../src/shm/shared-mem.ts'
import type { SharedRegion } from '../../src/shm/shared-region.ts'
import type { RingRecord } from '../../src/shm/spsc-ring-consumer.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'
import { readProcessFigures, waitedShare } from '../process-figures.ts'
import { checkMessage, fillMessage, MESSAGE_BYTES, MESSAGE_WORDS } from '../rings/message.ts'
import { RoundTrips } from '../rings/round-trips.ts'
import { tell } from '../rings/side-options.ts'
import type { ResultLine } from '../rings/window.ts'
import { type CallerOptions, parseCallerOptions } from './caller-options.ts'

const NOTHING = new Uint8Array(0)
const FIRST_LINK = 1

const message = new Int32Array(MESSAGE_WORDS)
const messageBytes = new Uint8Array(message.buffer)

/** A stream of one channel that gives back what it gets, in slot 0. */
function encodedOpen(): Uint8Array {
  const bytes = new Uint8Array(OpenStream.bytes)
  Object.assign(viewStruct(OpenStream, memoryOver(bytes), 0, 'host'), {
    sampleRateHz: 48_000,
    channels: 1,
  })
  return bytes
}

/** @throws where a record is not the answer to the call of that sequence. */
function checkAnswer(record: RingRecord, words: Int32Array, sequence: number): void {
  const { type, length, offset } = record
  if (type !== EVENT.SAMPLES || record.sequence !== sequence || length !== MESSAGE_BYTES) {
    throw new Error(`call ${sequence} was answered by a record of type ${type}, ${length} bytes`)
  }
  checkMessage(words, offset / 4, sequence)
}

/** Looks for the answer all the time. */
async function callSpinning(
  region: SharedRegion,
  core: Core,
  options: CallerOptions,
): Promise<ResultLine> {
  const { toCore, fromCore } = coreRings(region, 0)
  const [control] = region.shared.control
  const [status] = region.shared.status
  if (control === undefined || status === undefined) throw new Error('the region has no core')
  while (status.boot === 0 || status.session !== region.session) await setImmediate()
  toCore.reset()
  fromCore.reset()
  control.boot = status.boot
  control.link = FIRST_LINK
  core.ring()
  while (status.link !== FIRST_LINK) await setImmediate()

  const say = (type: number, sequence: number, payload: Uint8Array) => {
    toCore.write(type, 0, sequence, payload)
    if (toCore.publish()) core.ring()
  }
  const { words } = region.memory
  let sequence = -1
  const take = (record: RingRecord): undefined => {
    if (sequence >= 0) checkAnswer(record, words, sequence)
    else if (record.type !== EVENT.STARTED) throw new Error('the stream was refused')
  }
  say(COMMAND.OPEN, 0, encodedOpen())
  say(COMMAND.START, 0, NOTHING)
  while (fromCore.read(take, 1) === 0);
  const trips = new RoundTrips(options, 0)
  for (;;) {
    sequence++
    fillMessage(message, 0, sequence)
    const beginMs = trips.begin()
    say(COMMAND.SAMPLES, sequence, messageBytes)
    while (fromCore.read(take, 1) === 0);
    const result = trips.end(beginMs)
    if (result !== undefined) return result
  }
}

/** Sleeps until a bell tells of the answer. */
async function callSleeping(
  region: SharedRegion,
  core: Core,
  options: CallerOptions,
): Promise<ResultLine> {
  const { words } = region.memory
  let sequence = -1
  let onAnswer: () => void = () => {}
  const answered = () =>
    new Promise<void>((resolve) => {
      onAnswer = resolve
    })
  const linked = answered()
  const link = new CoreLink(region, 0, () => core.ring(), {
    onLinked: () => onAnswer(),
    onUnlinked: (reason) => {
      throw reason
    },
    onRecord: (record) => {
      if (sequence >= 0) checkAnswer(record, words, sequence)
      else if (record.type !== EVENT.STARTED) throw new Error('the stream was refused')
      onAnswer()
    },
    onRoom: () => {},
  })
  core.on('bell', () => link.onBell())
  link.onBell()
  await linked
  const started = answered()
  link.send(COMMAND.OPEN, 0, 0, encodedOpen())
  link.send(COMMAND.START, 0, 0, NOTHING)
  await started
  const trips = new RoundTrips(options, 0)
  for (;;) {
    if (options.pauseMs > 0) await setTimeout(options.pauseMs)
    sequence++
    fillMessage(message, 0, sequence)
    const answer = answered()
    const beginMs = trips.begin()
    link.send(COMMAND.SAMPLES, 0, sequence, messageBytes)
    await answer
    const result = trips.end(beginMs)
    if (result !== undefined) return result
  }
}

const options = parseCallerOptions()
const { kind, sleeps, firmware, coreCpu } = options
const { region, runner, close } = await openServerCores({
  ...{ kind, cores: 1, polls: false, user: 'root', logger: pino({ level: 'silent' }) },
  ...(firmware !== undefined && { firmware }),
})
// Whoever ends this process leaves no file behind.
if (!isBoardKind(kind)) unlinkSync(region.path)
const core = await runner.start(0)
if (core.pid !== undefined) moveCore(core.pid)
const before = readProcessFigures(process.pid)
const result = await (sleeps ? callSleeping : callSpinning)(region, core, options)
tell({ ...result, ...{ waitedShare: waitedShare(before, readProcessFigures(process.pid)) } })
await runner.end()
region.close()
close()

/** To a CPU of its own. A core of a board has one. */
function moveCore(pid: number): void {
  const args = ['--all-tasks', '--pid', '--cpu-list', coreCpu, `${pid}`]
  const { status, stderr } = spawnSync('taskset', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the core cannot be moved to CPU ${coreCpu}: ${stderr}`)
}
