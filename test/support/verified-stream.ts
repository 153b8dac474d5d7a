import { deepStrictEqual } from 'node:assert/strict'
import type { CarillonClient } from '../../src/client/index.ts'
import { integerFrom } from './soak.ts'

const BLOCK_FRAMES_MAX = 2048

export interface VerifiedStream {
  readonly random: () => number
  readonly blocks: number
  readonly core?: number
  readonly onBlock: () => void
}

/**
 * Sends blocks of noise of any length through a stream without effects, and checks that each comes
 * back in its place, to the last bit.
 *
 * @param core on which it runs. Default: the server chooses.
 * @param onBlock called for each that did.
 */
export async function streamVerified(
  client: CarillonClient,
  { random, blocks, core, onBlock }: VerifiedStream,
): Promise<void> {
  const expected: Uint8Array[] = []
  let back = 0
  const stream = await client.openStream({
    sampleRateHz: 48_000,
    channels: 1,
    ...(core !== undefined && { core }),
    onBlock: ({ sequence, data, lost }) => {
      deepStrictEqual({ sequence, lost }, { sequence: back, lost: 0 })
      const sent = expected.shift()
      if (sent === undefined || !Buffer.from(sent).equals(data)) {
        throw new Error(`block ${sequence} is not as it was sent`)
      }
      back++
      onBlock()
    },
  })
  for (let i = 0; i < blocks; i++) {
    const block = new Float32Array(integerFrom(random, 1, BLOCK_FRAMES_MAX)).fill(random())
    expected.push(new Uint8Array(block.buffer))
    await stream.send(block)
  }
  const summary = await stream.close()
  deepStrictEqual(summary, { blocksIn: blocks, blocksOut: blocks, blocksLost: 0 })
}
