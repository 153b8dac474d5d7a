import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { machineArguments, QMP_FD } from './machine-arguments.mjs'
import { MachineError } from './machine-error.mjs'
import { Qmp } from './qmp.mjs'
import { machineToolEnvironment, requireMachineTools } from './tools.mjs'

const QEMU = 'qemu-system-aarch64'

/** Ends QEMU when this process ends, also where that was killed: QEMU itself would go on for ever. */
const WITH_THIS_PROCESS = ['--pdeathsig', 'KILL', '--']

/**
 * From power-on to a server that listens, in milliseconds. Seen: 8 s, and 60 s beside ten busy processes;
 * of raspi3b twice that.
 */
const READY_MS_MAX = 210_000

/** From being asked to end until the machine is off, in milliseconds; seen: 0.5 s. */
const OFF_MS_MAX = 30_000

/** How much of what the machine said last an error shows. */
const LAST_LINES = 15

/**
 * A machine in QEMU whose Linux runs a server of ours.
 *
 * It emits `line` (text) for whatever it says on its console, `ready` (the server's message) each time its
 * server listens, `server-ended` (status) when that has ended by itself, `server-stopped` (status) when it
 * has ended as it was asked to, and `exit` once, when it is off.
 */
export class LinuxMachine extends EventEmitter {
  #qemu
  #qmp
  #last = []
  #stderr = ''
  #runs = new Map()
  #lastRun = 0
  #hasExited = false
  #exited

  constructor(qemu) {
    super()
    this.#qemu = qemu
    this.#qmp = new Qmp(qemu.stdio[QMP_FD])
    this.#exited = once(qemu, 'close').then(([code, signal]) => {
      this.#hasExited = true
      for (const settle of this.#runs.values()) settle(undefined)
      this.emit('exit', { code, signal })
      return { code, signal }
    })
    // It is closed by a machine that ends.
    qemu.stdin.on('error', () => {})
    qemu.stderr.on('data', (chunk) => {
      this.#stderr += chunk
    })
    createInterface({ input: qemu.stdout }).on('line', (line) =>
      this.#hear(line.replace(/\r$/, '')),
    )
  }

  /**
   * Starts it, and waits until the server in it listens.
   *
   * @param {import('./build-image.mjs').MachineImage} image
   * @param {object} target its board, of MACHINE_BOARDS
   * @param {{ port?: number, consolePort?: number, serve?: string[], onLine?: (line: string) => void,
   *   signal?: AbortSignal, readyMsMax?: number }} [options] as `machineArguments` has them; port is 0 by
   *   default. An abort ends the machine at once
   * @returns {Promise<LinuxMachine>} with `port` and `consolePort`, where it is reached
   * @throws {MachineError} `ERR_CARILLON_MACHINE_TOOL`, `_USAGE`, `_PORT`, `_START`, `_SERVER`, `_TIMEOUT`
   */
  static async start(image, target, options = {}) {
    const { port = 0, consolePort, serve = [], onLine, signal, readyMsMax = READY_MS_MAX } = options
    requireMachineTools([QEMU, 'setpriv'])
    const args = machineArguments(image, target, { port, consolePort, serve })
    const qemu = spawn('setpriv', [...WITH_THIS_PROCESS, QEMU, ...args], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      // Ctrl-C is for who started it, who then turns it off.
      detached: true,
      env: machineToolEnvironment(),
    })
    await once(qemu, 'spawn')
    const machine = new LinuxMachine(qemu)
    if (onLine !== undefined) machine.on('line', onLine)
    try {
      await machine.#becomeReady(readyMsMax, signal)
      return machine
    } catch (error) {
      await machine.kill()
      throw error
    }
  }

  get pid() {
    return this.#qemu.pid
  }

  /** `{ code, signal }` of QEMU, once the machine is off. */
  get exited() {
    return this.#exited
  }

  async #becomeReady(readyMsMax, signal) {
    const { promise, resolve, reject } = deferred()
    const fail = (code, what) => reject(new MachineError(code, `${what}${this.#lastWords()}`))
    const timer = setTimeout(() => {
      fail('ERR_CARILLON_MACHINE_TIMEOUT', `the server was not ready after ${readyMsMax} ms`)
    }, readyMsMax)
    const onExit = () => reject(this.#endedEarly())
    const onServerEnded = (status) => {
      fail('ERR_CARILLON_MACHINE_SERVER', `the server in the machine ended with status ${status}`)
    }
    const onBroken = (what) => fail('ERR_CARILLON_MACHINE_START', what)
    const onAbort = () => reject(signal.reason)
    this.on('ready', resolve).on('exit', onExit).on('server-ended', onServerEnded)
    this.on('broken', onBroken)
    signal?.addEventListener('abort', onAbort)
    try {
      signal?.throwIfAborted()
      if (this.#hasExited) onExit()
      this.server = await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.off('ready', resolve).off('exit', onExit).off('server-ended', onServerEnded)
      this.off('broken', onBroken)
    }
    const ports = await this.#qmp.forwardedPorts()
    this.port = ports?.get(this.server.port)
    this.consolePort = ports?.get(this.server.consolePort)
  }

  #endedEarly() {
    const refused = /host forwarding rule 'tcp:127\.0\.0\.1:(\d+)-/.exec(this.#stderr)?.[1]
    if (refused !== undefined) {
      return new MachineError(
        'ERR_CARILLON_MACHINE_PORT',
        `port ${refused} of 127.0.0.1 is in use, or may not be used; 0 picks a free one`,
      )
    }
    const what = 'QEMU ended before the server in the machine was ready'
    return new MachineError('ERR_CARILLON_MACHINE_START', `${what}${this.#lastWords()}`)
  }

  /** What was heard of it last, to end a sentence with. */
  #lastWords() {
    const lines = [...this.#last, ...this.#stderr.split('\n').filter(Boolean)]
    return lines.length === 0
      ? ''
      : `; what was heard last:\n${lines.slice(-LAST_LINES).join('\n')}\n`
  }

  #hear(line) {
    const [, id, rest] = /^#(\d+)(.*)$/.exec(line) ?? []
    if (id !== undefined && this.#runs.has(Number(id))) {
      this.#hearRun(Number(id), rest)
      return
    }
    this.#last = [...this.#last, line].slice(-LAST_LINES)
    this.emit('line', line)
    const [, word, value] = /^carillon-machine: (\w+):? ?(.*)$/.exec(line) ?? []
    if (word === 'ended') this.emit('server-ended', Number(value))
    else if (word === 'stopped') this.emit('server-stopped', Number(value))
    else if (word === 'failed') this.emit('broken', `the machine did not start: ${value}`)
    else if (line.includes('Kernel panic'))
      this.emit('broken', 'the kernel of the machine panicked')
    else {
      const message = readyMessage(line)
      if (message !== undefined) this.emit('ready', message)
    }
  }

  /**
   * Runs a command of the shell in the machine, as root. Its output is told when it ends; what it writes to
   * /run/log is told as `line` at once.
   *
   * @param {string} command one line
   * @returns {Promise<{ status: number, output: string } | undefined>} undefined where the machine ended
   */
  run(command) {
    if (this.#hasExited) return Promise.resolve(undefined)
    const id = ++this.#lastRun
    const { promise, resolve } = deferred()
    this.#runs.set(id, Object.assign(resolve, { lines: [] }))
    this.#say(`run ${id} ${command}`)
    return promise
  }

  #hearRun(id, rest) {
    const settle = this.#runs.get(id)
    if (rest.startsWith('|')) settle.lines.push(rest.slice(1))
    if (!rest.startsWith('=')) return
    this.#runs.delete(id)
    // The last line is empty, or ends one that the command left open.
    settle({ status: Number(rest.slice(1)), output: settle.lines.join('\n') })
  }

  /**
   * Stops the server, so that another program in the machine may have the cores and the ports.
   *
   * @returns {Promise<number | undefined>} its status; undefined where the machine ended
   */
  async hold() {
    const stopped = new Promise((resolve) => this.once('server-stopped', resolve))
    this.#say('hold')
    return await Promise.race([stopped, this.#exited.then(() => undefined)])
  }

  /**
   * Starts the server after `hold`, and waits until it is ready.
   *
   * @throws {MachineError} as `start`; the machine is then as it is
   */
  async serve(readyMsMax = READY_MS_MAX) {
    this.#say('serve')
    await this.#becomeReady(readyMsMax)
  }

  /**
   * Stops the server, starts Linux and all cores again, and waits until the server is ready.
   *
   * @throws {MachineError} as `start`; the machine is then as it is
   */
  async reboot(readyMsMax = READY_MS_MAX) {
    this.#say('reboot')
    await this.#becomeReady(readyMsMax)
  }

  /**
   * Stops the server and turns the machine off.
   *
   * @returns {Promise<boolean>} false where it did not go off in time, and was ended
   */
  async powerOff() {
    this.#say('off')
    let isInTime = true
    const timer = setTimeout(() => {
      isInTime = false
      this.#qemu.kill('SIGKILL')
    }, OFF_MS_MAX)
    await this.#exited
    clearTimeout(timer)
    return isInTime
  }

  /** Ends it at once. */
  async kill() {
    this.#qemu.kill('SIGKILL')
    await this.#exited
  }

  #say(line) {
    this.#qemu.stdin.write(`${line}\n`)
  }
}

/** What a server logs once it listens; undefined of any other line. */
function readyMessage(line) {
  if (!line.startsWith('{') || !line.includes('"event":"ready"')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function deferred() {
  let resolve
  let reject
  const promise = new Promise((...settlers) => {
    ;[resolve, reject] = settlers
  })
  return { promise, resolve, reject }
}
