import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { MAIN } from '../support/carillon-command.ts'
import { buildFrozenFirmware } from '../support/firmware-tool.ts'
import { type FrozenProgram, frozenFirmware, frozenProgram } from '../support/frozen-program.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { writeRecording } from '../support/wav-files.ts'

/**
 * Far less than what a start would wait, which is ten seconds for a process and twenty for a machine, and
 * ample beside ten busy processes; seen: 0.3 s.
 */
const SOON_MS = 8_000

const SERVE = ['serve', '--port', '0', '--no-console'] as const

/** Starts the command, and asks it to end as soon as what runs its cores stands still. */
async function stopWhileStarting(
  t: ExecutionContext,
  program: FrozenProgram,
  signal: NodeJS.Signals,
  ...args: string[]
) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  const exit = once(child, 'exit')
  const pid = await program.started()
  const askedMs = performance.now()
  child.kill(signal)
  const [code] = await exit
  const tookMs = performance.now() - askedMs
  const [stdout, stderr] = await output
  t.true(tookMs < SOON_MS, `${tookMs} ms: ${stdout}${stderr}`)
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  const left = readdirSync('/dev/shm').filter((name) => name.startsWith(`carillon-${child.pid}-`))
  t.deepEqual(left, [])
  return { code, stdout, stderr }
}

/** What a server logs that is asked to end before it is ready. */
function messagesOf(stdout: string): string[] {
  const lines = stdout.split('\n').filter(Boolean)
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
}

let firmware = ''

test.before(async () => {
  firmware = await buildFrozenFirmware()
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`hosted: ${signal} while a core does not answer ends the server`, async (t) => {
    const program = frozenFirmware(t, firmware)
    const serve = [...SERVE, '--firmware', program.path]
    const { code, stdout, stderr } = await stopWhileStarting(t, program, signal, ...serve)
    t.deepEqual([code, stderr], [0, ''])
    t.deepEqual(messagesOf(stdout), ['stopping', 'the server has stopped'])
  })
}

for (const board of BOARDS) {
  const qemuTest = boardTest(board)

  qemuTest('SIGTERM while QEMU stands still ends the server', async (t) => {
    const program = await frozenProgram(t, 'qemu-system-aarch64')
    const serve = [...SERVE, '--core', board.kind, '--cores', '2']
    const { code, stdout, stderr } = await stopWhileStarting(t, program, 'SIGTERM', ...serve)
    t.deepEqual([code, stderr], [0, ''])
    t.deepEqual(messagesOf(stdout), ['stopping', 'the server has stopped'])
  })

  qemuTest('Ctrl-C while the server of a job starts ends the job', async (t) => {
    const program = await frozenProgram(t, 'qemu-system-aarch64')
    const folder = temporaryFolder(t)
    const output = join(folder, 'output.wav')
    const job = ['process', writeRecording(folder), output, '--core', board.kind]
    const { code, stderr } = await stopWhileStarting(t, program, 'SIGINT', ...job)
    t.is(code, 130)
    t.false(existsSync(output))
    t.regex(stderr, /interrupted by SIGINT \[ERR_CARILLON_INTERRUPTED\]\n$/)
  })
}
