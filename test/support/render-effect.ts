/**
 * Runs effects of the firmware as the core does, through the test program
 * `firmware/test/render_effect.c`.
 */
import { spawnSync } from 'node:child_process'
import type { EffectSpec } from './cookbook.ts'

/** What goes through a chain. Every channel is as long as the others. */
export interface Rendering {
  sampleRateHz: number
  channels: readonly Float32Array[]
  chain: readonly EffectSpec[]
  /** The lengths, in frames, that the stream is cut into, in turn. 256 where none is given. */
  blocks?: readonly number[]
}

/** A chain that did not open: what the core answers the host. */
export interface Refusal {
  status: number
  position: number
  param: number
}

/** The parameter of an effect, as the firmware describes it. */
export interface ParamRange {
  name: string
  min: number
  max: number
  def: number
  flags: number
  scale: number
}

export class EffectRenderer {
  readonly #program: string

  /** @param program path of the built `render_effect` */
  constructor(program: string) {
    this.#program = program
  }

  /** Every effect's parameters, in the firmware's order. */
  describe(): Map<string, ParamRange[]> {
    const effects = new Map<string, ParamRange[]>()
    let params: ParamRange[] = []
    const text = this.#run(['--describe'], '').stdout.toString()
    for (const [kind, name = '', ...numbers] of text
      .trim()
      .split('\n')
      .map((l) => l.split(' '))) {
      if (kind === 'effect') {
        params = []
        effects.set(name, params)
      } else {
        const [min = 0, max = 0, def = 0, flags = 0, scale = 0] = numbers.map(Number)
        params.push({ name, min, max, def, flags, scale })
      }
    }
    return effects
  }

  /** Every channel as it comes out. Throws where the chain does not open. */
  render(rendering: Rendering): Float32Array[] {
    const { status, stdout } = this.#run([], input(rendering))
    if (status !== 0) throw new Error(`The chain was refused: ${stdout}`)
    const samples = new Float32Array(
      stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength),
    )
    const count = rendering.channels.length
    return rendering.channels.map((_, channel) =>
      Float32Array.from(
        { length: samples.length / count },
        (_, frame) => samples[frame * count + channel] ?? 0,
      ),
    )
  }

  /** Why a chain does not open. Throws where it does. */
  refusal(rendering: Rendering): Refusal {
    const { status: exit, stdout } = this.#run([], input(rendering))
    if (exit !== 2) throw new Error('The chain was not refused')
    const [status = 0, position = 0, param = 0] = stdout.toString().split(' ').map(Number)
    return { status, position, param }
  }

  #run(args: string[], stdin: string | Buffer): { status: number | null; stdout: Buffer } {
    const { status, stdout, stderr, error } = spawnSync(this.#program, args, {
      input: stdin,
      maxBuffer: 1 << 30,
    })
    if (error !== undefined) throw error
    if (stderr.length > 0) throw new Error(stderr.toString())
    return { status, stdout }
  }
}

function input({ sampleRateHz, channels, chain, blocks = [] }: Rendering): Buffer {
  const lines = [
    `rate ${sampleRateHz}`,
    `channels ${channels.length}`,
    ...blocks.map((frames) => `block ${frames}`),
    ...chain.map(
      ({ name, values }) =>
        `effect ${name} ${Object.entries(values)
          .map(([param, value]) => `${param}=${value}`)
          .join(' ')}`,
    ),
    'samples\n',
  ]
  const frames = channels[0]?.length ?? 0
  const samples = new Float32Array(frames * channels.length)
  channels.forEach((channel, index) => {
    channel.forEach((sample, frame) => {
      samples[frame * channels.length + index] = sample
    })
  })
  return Buffer.concat([Buffer.from(lines.join('\n')), Buffer.from(samples.buffer)])
}
