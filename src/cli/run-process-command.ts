import { isatty } from 'node:tty'
import { UsageError } from './errors.ts'
import { interruptible } from './interruption.ts'
import { outputName, STANDARD_STREAM } from './job-files.ts'
import { ownServer, type StartLocalServer } from './own-server.ts'
import type { ProcessOptions } from './process-command.ts'
import { runProcessJob } from './process-job.ts'
import { ProgressBar } from './progress-bar.ts'
import { isStandardOutputClosed, openStandardOutput, printRemark } from './standard-output.ts'
import { summaryLine } from './summary-line.ts'

/** Does what `carillon process` was asked for, with a bar that tells how it goes. */
export async function runProcessCommand(
  input: string,
  output: string,
  options: ProcessOptions,
  startLocalServer: StartLocalServer,
): Promise<void> {
  const { effect: effects = [], ...rest } = options
  const start = ownServer(options, startLocalServer)
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
          startLocalServer: start,
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
}

/** A WAV file is nothing to type or to look at: `-` was meant for a pipe. */
function refuseTerminal(path: string, fd: number, what: string): void {
  if (path === STANDARD_STREAM && isatty(fd)) throw new UsageError(`a WAV file is not ${what}`)
}
