import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { findTool } from './find-tool.mjs'
import { SetupError } from './setup-error.mjs'

/** Ample for the output of a build. */
const maxOutputBytes = 256 * 1024 * 1024

/**
 * The environment for a program of the set-up: `node` in PATH is this Node, so that everything is
 * built for the Node that will run it. Where it is that already, PATH stays as the user has it.
 */
export function toolEnvironment(more = {}) {
  const { PATH = '' } = process.env
  const node = findTool('node', PATH)
  const isThisNode = node !== undefined && realpathSync(node) === realpathSync(process.execPath)
  const path = isThisNode ? PATH : [dirname(process.execPath), PATH].join(delimiter)
  return { ...process.env, PATH: path, ...more }
}

/**
 * Runs a program in silence.
 *
 * @param {number} [timeoutMs] after which it is ended, and has failed; default: never
 */
export function runQuietly(root, command, args, env = toolEnvironment(), timeoutMs = undefined) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: maxOutputBytes,
    timeout: timeoutMs,
  })
  if (error?.code === 'ETIMEDOUT') {
    return { ok: false, output: `${command} was not done after ${timeoutMs} ms, and was ended` }
  }
  return { ok: status === 0, output: error ? `${command}: ${error.message}` : stdout + stderr }
}

/** Runs a program in silence; where it fails, its output and then `sentence` are the error. */
export function runTool(root, command, args, { sentence, env }) {
  const { ok, output } = runQuietly(root, command, args, env)
  if (!ok) throw new SetupError(`${output.trimEnd()}\n\n${sentence}`)
}
