import { type ChildProcess, type IOType, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { CoreExit } from './core.ts'

/** The last bytes of what it wrote to stderr, kept to explain why it ended. */
const STDERR_BYTES_MAX = 4096

/** How long the rest of what a process wrote is waited for once it has ended, in milliseconds. */
const REST_MS = 200

/** A process that runs one core or several. */
export class CoreProcess {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #exited: Promise<CoreExit>
  #stderr = ''
  #hasEnded = false

  private constructor(child: ChildProcess, pid: number) {
    this.pid = pid
    this.#child = child
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_BYTES_MAX)
    })
    this.#exited = this.#ending(child)
  }

  /**
   * Starts it.
   *
   * @param inherited what it finds as its descriptors from 3 on; `pipe` is a socket, see {@link socketAt}.
   * @throws the system's error where it does not start.
   */
  static async start(
    command: string,
    args: readonly string[],
    inherited: readonly (IOType | number)[],
  ): Promise<CoreProcess> {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', ...inherited] })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    // Never 0 in its place: a signal to 0 goes to this process and its whole group.
    if (child.pid === undefined) throw new Error('its process has no number')
    return new CoreProcess(child, child.pid)
  }

  /** How it ended, once it has. */
  get exited(): Promise<CoreExit> {
    return this.#exited
  }

  async #ending(child: ChildProcess): Promise<CoreExit> {
    const closed = once(child, 'close')
    const [code, signal] = await once(child, 'exit')
    this.#hasEnded = true
    // The last of what it said. Somebody whom it started may have it open for as long as he likes.
    const timer = new AbortController()
    await Promise.race([closed, wait(REST_MS, undefined, { signal: timer.signal })]).catch(() => {})
    timer.abort()
    child.stderr?.destroy()
    return { code, signal, stderr: this.#stderr.trim() }
  }

  /** This end of what it inherited as a `pipe`: a pipe that Node opens for a child is a socket pair. */
  socketAt(fd: number): Socket {
    return this.#child.stdio[fd] as Socket
  }

  /** As {@link Core.ended}. */
  async ended(timeoutMs: number): Promise<boolean> {
    if (this.#hasEnded) return true
    let inTime = true
    const timer = setTimeout(() => {
      inTime = false
      this.kill()
    }, timeoutMs)
    await this.#exited
    clearTimeout(timer)
    return inTime
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
