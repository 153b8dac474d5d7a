import { COMMAND, EffectConfig, EffectInfo, EVENT, OpenStream } from '../../src/shm/shared-mem.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'
import type { LinkedCore } from './linked-core.ts'

const NOTHING = new Uint8Array(0)

/** An effect by its index in the firmware's table, with a value for each parameter. */
export interface CoreEffect {
  readonly index: number
  readonly values: readonly number[]
}

/** Opens a stream of one channel at 48 kHz on slot 0. Returns whether the core has started it. */
export async function openStream(
  linked: LinkedCore,
  effects: readonly CoreEffect[] = [],
): Promise<boolean> {
  const bytes = new Uint8Array(OpenStream.bytes)
  Object.assign(viewStruct(OpenStream, memoryOver(bytes), 0, 'host'), {
    sampleRateHz: 48000,
    channels: 1,
    effectCount: effects.length,
  })
  linked.link.send(COMMAND.OPEN, 0, 0, bytes)
  effects.forEach((effect, position) => {
    linked.link.send(COMMAND.EFFECT, 0, 0, effectBytes(effect, position))
  })
  linked.link.send(COMMAND.START, 0, 0, NOTHING)
  const [answer] = await linked.take(1)
  return answer?.type === EVENT.STARTED
}

/** Passes a block through the stream on slot 0. Undefined where the answer is another one. */
export async function passBlock(
  linked: LinkedCore,
  sequence: number,
  block: Uint8Array,
): Promise<Uint8Array | undefined> {
  linked.link.send(COMMAND.SAMPLES, 0, sequence, block)
  const [record] = await linked.take(1)
  if (record?.type !== EVENT.SAMPLES || record.sequence !== sequence) return undefined
  return record.payload
}

/** The index of an effect in the firmware's table. */
export async function effectIndex(linked: LinkedCore, name: string): Promise<number> {
  linked.link.send(COMMAND.DESCRIBE, 0, 0, NOTHING)
  let found = -1
  for (;;) {
    const [record] = await linked.take(1)
    if (record?.type !== EVENT.EFFECT_INFO) return found
    const text = Buffer.from(record.payload.subarray(0, EffectInfo.fields.name.bytes))
    if (text.toString().replaceAll('\0', '') === name) found = record.sequence
  }
}

function effectBytes({ index, values }: CoreEffect, position: number): Uint8Array {
  const bytes = new Uint8Array(EffectConfig.bytes + 8 * values.length)
  const memory = memoryOver(bytes)
  Object.assign(viewStruct(EffectConfig, memory, 0, 'host'), {
    position,
    effect: index,
    valueCount: values.length,
  })
  values.forEach((value, at) => {
    memory.data.setFloat64(EffectConfig.bytes + 8 * at, value, true)
  })
  return bytes
}
