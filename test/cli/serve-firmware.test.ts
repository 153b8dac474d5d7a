import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { CarillonClient } from '../../src/client/index.ts'
import { bareMetalFirmwarePath, HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { FIRMWARE_INTERFACE } from '../../src/shm/firmware-note.ts'
import { carillon, MAIN } from '../support/carillon-command.ts'
import { startServer } from '../support/carillon-server.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { writeOtherFirmware } from '../support/other-firmware.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const SERVE = ['serve', '--port', '0', '--no-console'] as const
const MONO = { sampleRateHz: 48_000, channels: 1 }

/** The shared files of servers that run. */
function sharedFiles(pid: number): string[] {
  return readdirSync('/dev/shm').filter((name) => name.startsWith(`carillon-${pid}-`))
}

/**
 * Serves with files that are no firmware for these cores: each is one line of error.
 *
 * @param firmware one that is right.
 * @param elsewhere a program that is none for these cores, and the code of that.
 */
async function serveWrongFirmware(
  t: ExecutionContext,
  core: string,
  {
    firmware,
    elsewhere,
  }: { readonly firmware: string; readonly elsewhere: readonly [string, string] },
): Promise<void> {
  const folder = temporaryFolder(t)
  const file = (name: string) => join(folder, name)
  copyFileSync(firmware, file('truncated'))
  truncateSync(file('truncated'), 40_000)
  writeOtherFirmware(firmware, file('other'), { interfaceVersion: FIRMWARE_INTERFACE + 1 })
  writeFileSync(file('script'), '#!/bin/sh\necho it was run >&2\n', { mode: 0o755 })
  for (const [image, wanted] of [
    [file('truncated'), 'ERR_CARILLON_ELF_TRUNCATED'],
    [file('other'), 'ERR_CARILLON_FIRMWARE_VERSION'],
    [file('script'), 'ERR_CARILLON_ELF'],
    elsewhere,
    [file('absent'), 'ERR_CARILLON_FIRMWARE_MISSING'],
  ] as const) {
    const { code, stderr } = await carillon(t, ...SERVE, '--core', core, '--firmware', image)
    t.is(code, 1)
    t.true(stderr.startsWith('carillon: ') && stderr.endsWith(` [${wanted}]\n`), stderr)
    t.is(stderr.split('\n').length, 2)
  }
}

for (const board of BOARDS) {
  const qemuTest = boardTest(board)
  const firmware = bareMetalFirmwarePath(board.kind)

  qemuTest('a wrong image is one line of error, and nothing is left', async (t) => {
    await serveWrongFirmware(t, board.kind, {
      firmware,
      elsewhere: [HOSTED_FIRMWARE, 'ERR_CARILLON_FIRMWARE_MACHINE'],
    })
  })

  qemuTest('without QEMU it says how to get it', async (t) => {
    const bin = join(temporaryFolder(t), 'bin')
    mkdirSync(bin)
    symlinkSync('/usr/bin/setpriv', join(bin, 'setpriv'))
    const child = spawn(process.execPath, [MAIN, ...SERVE, '--core', board.kind], {
      env: { ...process.env, PATH: bin },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    child.stderr.on('data', (text) => {
      stderr += text
    })
    const [code] = await once(child, 'close')
    t.is(code, 1)
    t.regex(stderr, /apt-get install qemu-system-arm.*\[ERR_CARILLON_EMULATOR_MISSING\]\n$/)
    t.deepEqual(sharedFiles(child.pid ?? 0), [])
  })
}

test('hosted: wrong firmware is one line of error, and nothing of it is run', async (t) => {
  await serveWrongFirmware(t, 'hosted', {
    firmware: HOSTED_FIRMWARE,
    elsewhere: ['/bin/true', 'ERR_CARILLON_LAYOUT_MISSING'],
  })
})

type Declare = (title: string, run: (t: ExecutionContext) => Promise<void>) => void
const hostedTest: Declare = (title, run) => test.serial(`hosted: ${title}`, run)
const KINDS: readonly [string, string, Declare][] = [
  ['hosted', HOSTED_FIRMWARE, hostedTest],
  ...BOARDS.map((board): [string, string, Declare] => {
    return [board.kind, bareMetalFirmwarePath(board.kind), boardTest(board)]
  }),
]

for (const [core, firmware, declare] of KINDS) {
  declare('SIGUSR2 loads the file again while a client stays connected', async (t) => {
    const image = join(temporaryFolder(t), 'firmware')
    copyFileSync(firmware, image)
    const server = await startServer(t, '--no-console', '--core', core, '--firmware', image)
    const client = await CarillonClient.connect({ port: server.port, requestTimeoutMs: 60_000 })
    t.teardown(() => client.close())
    const stream = await client.openStream(MONO)
    // A file that runs cannot be written to: it is replaced, as a linker does.
    writeOtherFirmware(firmware, `${image}.new`, { version: '9.9.9' })
    renameSync(`${image}.new`, image)
    process.kill(server.pid, 'SIGUSR2')
    const line = await server.logged(({ event }) => event === 'reloaded')
    t.like(line, { firmware: image, version: '9.9.9', msg: 'the cores run firmware 9.9.9' })
    const lost = (async () => {
      for await (const _ of stream) t.fail()
    })()
    await t.throwsAsync(lost, { code: 'ERR_CARILLON_CORE_LOST' })
    const another = await client.openStream(MONO)
    await another.send(new Float32Array(64))
    t.like(await another.close(), { blocksIn: 1, blocksLost: 0 })
    // One that cannot be used changes nothing.
    copyFileSync(firmware, `${image}.new`)
    truncateSync(`${image}.new`, 100)
    renameSync(`${image}.new`, image)
    process.kill(server.pid, 'SIGUSR2')
    const refused = await server.logged(({ event }) => event === 'not-reloaded')
    t.is(refused.code, 'ERR_CARILLON_ELF_TRUNCATED')
    const last = await client.openStream(MONO)
    await last.send(new Float32Array(64))
    t.like(await last.close(), { blocksIn: 1, blocksLost: 0 })
    t.is(await server.end('SIGHUP'), 0, 'a terminal that is closed ends the server')
  })
}
