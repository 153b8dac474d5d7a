import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'

export interface ExampleEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A program under examples/, which does not outlive the test. */
export class ExampleProcess {
  readonly child: ChildProcess
  readonly ended: Promise<ExampleEnd>
  /** What it has said so far. */
  readonly output = { stdout: '', stderr: '' }

  constructor(t: ExecutionContext, command: string, ...args: string[]) {
    this.child = spawn(command, args)
    t.teardown(() => this.child.kill('SIGKILL'))
    const { output } = this
    for (const name of ['stdout', 'stderr'] as const) {
      this.child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    }
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  }

  static run(t: ExecutionContext, name: string, ...args: string[]): ExampleProcess {
    const program = fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url))
    return new ExampleProcess(t, process.execPath, program, ...args)
  }

  /** What it says when it listens: its first line, as JSON. */
  async ready(): Promise<{ event: string; port: number; transport?: string }> {
    const { stdout } = this.child
    if (stdout === null) throw new Error('the output is not a pipe')
    const lines = createInterface(stdout)
    const first = await Promise.race([once(lines, 'line'), this.ended])
    if (!Array.isArray(first)) throw new Error(`it ended: ${JSON.stringify(first)}`)
    return JSON.parse(first[0])
  }

  /** Asks it to end. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<ExampleEnd> {
    this.child.kill(signal)
    return await this.ended
  }
}

/** Each of these arguments ends the example with its exit code and a line that says why. */
export async function checkRefusals(
  t: ExecutionContext,
  name: string,
  refusals: readonly (readonly [args: readonly string[], code: number, says: RegExp])[],
): Promise<void> {
  for (const [args, code, says] of refusals) {
    const end = await ExampleProcess.run(t, name, ...args).ended
    t.is(end.code, code, args.join(' '))
    t.is(end.stdout, '')
    t.regex(end.stderr, says)
    t.is(end.stderr.trimEnd().split('\n').length, 1, end.stderr)
  }
}
