import { isatty } from 'node:tty'
import { type Command, Option } from 'commander'
import { DEFAULT_PORT } from '../../proto/messages.ts'
import { SAMPLE_FORMATS, type SampleFormat } from '../audio/sample-codec.ts'
import type { ServerAddress } from '../client/connection.ts'
import { MAX_WINDOW } from '../client/limits.ts'
import { LIMITS } from '../shm/shared-mem.ts'
import { EFFECT_SYNTAX, type EffectOption, parseEffectOption } from './effect-option.ts'
import { UsageError } from './errors.ts'
import { interruptible } from './interruption.ts'
import { outputName, STANDARD_STREAM } from './job-files.ts'
import { parseChoice, parseInteger } from './option-values.ts'
import { runProcessJob } from './process-job.ts'
import { ProgressBar } from './progress-bar.ts'
import { parseServerOption, SERVER_SYNTAX } from './server-option.ts'
import { isStandardOutputClosed, openStandardOutput, printRemark } from './standard-output.ts'
import { summaryLine } from './summary-line.ts'
import type { ServerSurroundings } from './with-server.ts'

interface ProcessOptions {
  readonly server?: ServerAddress
  readonly effect?: readonly EffectOption[]
  readonly format?: SampleFormat
  readonly coreIndex?: number
  readonly blockFrames?: number
  readonly window?: number
}

/** Adds `carillon process` to the program: a recording through a core, into another file. */
export function addProcessCommand(
  program: Command,
  { startLocalServer }: Pick<ServerSurroundings, 'startLocalServer'>,
): void {
  program
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
    .option(
      SERVER_SYNTAX,
      `the server to use, port ${DEFAULT_PORT} unless said (default: one of its own, with a hosted core)`,
      parseServerOption,
    )
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
      const { effect: effects = [], ...rest } = options
      refuseTerminal(input, 0, 'read from standard input, which is a terminal')
      refuseTerminal(output, 1, 'written to standard output, which is a terminal')
      if (output === STANDARD_STREAM && isStandardOutputClosed()) {
        throw new UsageError('a WAV file is not written to standard output, which is closed')
      }
      const bar = new ProgressBar(process.stderr)
      try {
        const report = await interruptible((signal) =>
          runProcessJob(
            { input, output, effects, ...rest },
            {
              startLocalServer,
              openStandardInput: () => process.stdin,
              openStandardOutput,
              signal,
              onProgress: (done, total) => bar.update(done, total),
              onNote: (sentence) => void process.stderr.write(`carillon: note: ${sentence}\n`),
            },
          ),
        )
        bar.stop()
        const line = `${summaryLine(outputName(output), report)}\n`
        if (output === STANDARD_STREAM) process.stderr.write(line)
        else printRemark(line)
      } finally {
        bar.stop()
      }
    })
}

/** A WAV file is nothing to type or to look at: `-` was meant for a pipe. */
function refuseTerminal(path: string, fd: number, what: string): void {
  if (path === STANDARD_STREAM && isatty(fd)) throw new UsageError(`a WAV file is not ${what}`)
}

/** More than any server takes: that is for the server to say. */
const MAX_BLOCK_FRAMES = 65_536
