import { type Command, Option } from 'commander'
import { SAMPLE_FORMATS, type SampleFormat } from '../audio/sample-codec.ts'
import { MAX_WINDOW } from '../client/limits.ts'
import { LIMITS } from '../shm/shared-mem.ts'
import { EFFECT_SYNTAX, type EffectOption, parseEffectOption } from './effect-option.ts'
import { parseChoice, parseInteger } from './option-values.ts'
import { addServerChoice, type ServerChoice, type StartLocalServer } from './own-server.ts'

/** What the options of `carillon process` are read as. */
export interface ProcessOptions extends ServerChoice {
  readonly effect?: readonly EffectOption[]
  readonly format?: SampleFormat
  readonly coreIndex?: number
  readonly blockFrames?: number
  readonly window?: number
}

/** Adds `carillon process` to the program: a recording through a core, into another file. */
export function addProcessCommand(program: Command, startLocalServer: StartLocalServer): void {
  const command = program
    .command('process')
    .description('send a recording through a core and write what comes back')
    .argument(
      '<IN.wav>',
      'PCM of 16, 24 or 32 bits or IEEE float, mono to 8 channels, any rate; - for standard input',
    )
    .argument(
      '<OUT.wav>',
      'as many frames as IN.wav; appears when it is whole; - for standard output',
    )
  addServerChoice(command)
    .option(
      `--effect <${EFFECT_SYNTAX}>`,
      'an effect; repeat it for a chain, in order. A list is KEY=VALUE,VALUE or KEY=FILE.wav. carillon effects lists them',
      (text: string, before: EffectOption[] = []) => [...before, parseEffectOption(text)],
    )
    .addOption(
      new Option('--format <FORMAT>', "OUT.wav's samples (default: as in IN.wav)")
        .choices(SAMPLE_FORMATS)
        .argParser(parseChoice('--format', SAMPLE_FORMATS)),
    )
    .option(
      '--core-index <N>',
      "the server's core to use, from 0 (default: the one that has the least to do)",
      parseInteger('--core-index', 0, LIMITS.CORES_MAX - 1),
    )
    .option(
      '--block-frames <N>',
      'frames in a block (default: 1024)',
      parseInteger('--block-frames', 1, MAX_BLOCK_FRAMES),
    )
    .option(
      '--window <N>',
      'the most blocks on their way (default: 16)',
      parseInteger('--window', 1, MAX_WINDOW),
    )
    .action(async (input: string, output: string, options: ProcessOptions) => {
      // Loaded only here, for it is more than the other commands have use for.
      const { runProcessCommand } = await import('./run-process-command.ts')
      await runProcessCommand(input, output, options, startLocalServer)
    })
}

/** More than any server takes: that is for the server to say. */
const MAX_BLOCK_FRAMES = 65_536
