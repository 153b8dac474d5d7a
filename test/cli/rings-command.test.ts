import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ftruncateSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import { CarillonClient } from '../../src/client/index.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { carillon, MAIN, startCarillon } from '../support/carillon-command.ts'
import { startServer } from '../support/carillon-server.ts'
import { coreProcess } from '../support/core-processes.ts'
import { needsTool } from '../support/needs-tool.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Test = Parameters<typeof temporaryFolder>[0]

interface JsonLook {
  readonly session: number
  readonly isOrphaned: boolean
  readonly hasEnded: boolean
  readonly formerSession?: number
  readonly hostBeat: { readonly isMoving?: boolean }
  readonly cores: readonly Record<string, unknown>[]
  readonly rings: readonly {
    readonly direction: string
    readonly recordsPerSecond?: number
    readonly bytesPerSecond?: number
    readonly look: { readonly published: number; readonly head: number; readonly tail: number }
  }[]
}

/** `carillon rings FILE --json`, line by line as they come. */
function jsonLooks(t: Test, region: string, ...args: string[]) {
  const { child, ended } = startCarillon(t, 'rings', region, '--json', '--interval', '0.2', ...args)
  if (child.stdout === null) throw new Error('the command has no output')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the command has ended: ${(await ended).stderr}`)
    return JSON.parse(value) as JsonLook
  }
  const until = async (wanted: (look: JsonLook) => boolean) => {
    for (;;) {
      const look = await next()
      if (wanted(look)) return look
    }
  }
  return { child, ended, next, until }
}

/** A client that sends blocks and gets them back until the test ends. */
async function keepStreaming(t: Test, port: number): Promise<void> {
  const client = await CarillonClient.connect({ host: '127.0.0.1', port })
  const block = new Float32Array(256).fill(0.5)
  let isEnding = false
  let sending: Promise<void> = Promise.resolve()
  const send = () => {
    if (!isEnding) sending = stream.send(block)
  }
  const stream = await client.openStream({
    ...{ sampleRateHz: 48_000, channels: 1, effects: [] },
    onBlock: send,
  })
  t.teardown(async () => {
    isEnding = true
    await sending.catch(() => {})
    await client.close()
  })
  send()
}

/** How a process has mapped a file, from /proc, for example `r--s`. */
function mappings(pid: number | undefined, path: string): string[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => line.includes(path))
    .map((line) => line.split(' ')[1] ?? '')
}

test('beside a server with a stream the figures are plausible and move, and the mapping is read-only', async (t) => {
  const server = await startServer(t)
  await keepStreaming(t, server.port)
  const { child, ended, next, until } = jsonLooks(t, server.region)
  const first = await next()
  t.is(first.rings[0]?.recordsPerSecond, undefined)
  const look = await until(({ rings }) => rings.every((ring) => (ring.recordsPerSecond ?? 0) > 1))
  t.deepEqual([look.cores.length, look.rings.length], [1, 2])
  t.deepEqual([look.isOrphaned, look.hostBeat.isMoving], [false, true])
  t.like(look.cores[0], { state: 'running', boot: 1, refused: 0, damaged: 0, lost: 0 })
  t.like(look.cores[0], { stackBytes: 0, stackUsed: 0 }, 'a process does not know them')
  t.like(look.cores[0], { beat: { isMoving: true, stillMs: 0 }, session: look.session })
  const load = Number(look.cores[0]?.load)
  t.true(load > 0 && load <= 1, `${load}`)
  t.true(Number(look.cores[0]?.streams) >= 1)
  for (const [index, ring] of look.rings.entries()) {
    t.true((ring.bytesPerSecond ?? 0) > 16 * (ring.recordsPerSecond ?? 0))
    t.true(ring.look.published > (first.rings[index]?.look.published ?? Number.POSITIVE_INFINITY))
  }
  t.deepEqual(mappings(child.pid, server.region), ['r--s'])
  child.kill('SIGINT')
  t.like(await ended, {
    code: 130,
    stderr: 'carillon: interrupted by SIGINT [ERR_CARILLON_INTERRUPTED]\n',
  })
  t.is(await server.end('SIGTERM'), 0)
})

test('where there is no terminal it is one table; and what is written meanwhile is not by this', async (t) => {
  const server = await startServer(t)
  await keepStreaming(t, server.port)
  const core = coreProcess(server.region)
  t.teardown(() => {
    for (const pid of [core, server.pid]) process.kill(pid, 'SIGCONT')
  })
  const live = await carillon(t, 'rings', server.region, '--interval', '3')
  t.deepEqual([live.code, live.stderr], [0, ''])
  t.regex(live.stdout, /^session 0x[0-9a-f]{8}, host's heartbeat moves$/m)
  t.regex(live.stdout, /^0 +running +1 +1 +right +moves +\d+\.\d% +[1-9]/m)
  t.regex(live.stdout, /^0 to-core +\d+ +\d+\.\d% +\d+ +[\d.]+( k)? +[\d.]+ [kM] /m)
  t.regex(live.stdout, /^0 from-core +\d+ +\d+\.\d% +\d+ +[\d.]+( k)? +[\d.]+ [kM] /m)
  t.notRegex(live.stdout, /^!/m)
  t.false(live.stdout.includes('\x1b'))
  // With everybody else held, nothing may change.
  for (const pid of [core, server.pid]) process.kill(pid, 'SIGSTOP')
  const before = readFileSync(server.region)
  const still = await carillon(t, 'rings', server.region, '--once', '--interval', '0.1')
  const dump = await carillon(t, 'rings', server.region, '--dump')
  t.true(readFileSync(server.region).equals(before))
  t.deepEqual([still.code, dump.code, dump.stderr], [0, 0, ''])
  t.regex(still.stdout, /^0 +running .* still \d+\.\d s +- /m)
  t.regex(still.stdout, /^! the host's heartbeat stands still/m)
})

test('what a core has not read yet is dumped as it is', async (t) => {
  const server = await startServer(t)
  const core = coreProcess(server.region)
  t.teardown(() => {
    for (const pid of [core, server.pid]) process.kill(pid, 'SIGCONT')
  })
  const client = await CarillonClient.connect({ host: '127.0.0.1', port: server.port })
  t.teardown(() => client.close())
  const { next, until } = jsonLooks(t, server.region)
  await next()
  process.kill(core, 'SIGSTOP')
  const opening = client.openStream({
    ...{ sampleRateHz: 48_000, channels: 2, effects: [{ name: 'gain', parameters: { db: -6 } }] },
    onBlock: () => {},
  })
  // It stays open: what becomes of it when the test ends is not looked at.
  opening.catch(() => {})
  await until(({ rings }) => rings[0]?.look.head !== rings[0]?.look.tail)
  // Held too, it does not take the core for hung, however long the rest may last.
  process.kill(server.pid, 'SIGSTOP')
  const { code, stdout } = await carillon(
    t,
    ...['rings', server.region, '--dump', '--core', '0', '--direction', 'to-core', '--bytes', '16'],
  )
  t.is(code, 0)
  const lines = stdout.split('\n')
  t.regex(lines[2] ?? '', /^0 to-core: \d+ bytes unread, from \d+ to \d+; by the counters \d+ rec/)
  t.regex(stdout, /^\d+ {2}OPEN, stream \d+, sequence \d+, 24 bytes, flags none$/m)
  t.true(stdout.includes('  00000000  80 bb 00 00 02 00 00 00  01 00 00 00 00 00 00 00  |'))
  t.true(lines.includes('  8 bytes more'))
  t.regex(stdout, /^\d+ {2}EFFECT, .*\n(.*\n)*\d+ {2}START, /m)
  t.false(stdout.includes('from-core'))
})

const terminalTest = needsTool(test, 'script', 'apt-get install bsdutils')

for (const [what, key, code] of [
  ['q', 'q', 0],
  ['Ctrl-C', '\x03', 130],
] as const) {
  terminalTest(`on a terminal the table is drawn over and over until ${what}`, async (t) => {
    const path = join(temporaryFolder(t), 'region')
    const region = SharedRegion.create(path, { cores: 1 })
    t.teardown(() => region.remove())
    const command = `'${process.execPath}' '${MAIN}' rings '${path}' --interval 0.1`
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'])
    t.teardown(() => child.kill())
    let output = ''
    let isPressed = false
    child.stdout.on('data', (chunk) => {
      output += chunk
      // The third look.
      if (isPressed || output.split('\x1b[H').length < 4) return
      isPressed = true
      child.stdin.write(key)
    })
    const [exitCode] = await once(child, 'close')
    t.is(exitCode, code)
    const [drawn = '', left = ''] = output.split('\x1b[?25h\x1b[?1049l')
    t.true(drawn.startsWith('\x1b[?1049h\x1b[?25l\x1b[H') && drawn.includes('q ends'), drawn)
    t.regex(left, /^0 to-core +0 +0\.0% /m, 'the last table stays')
    t.is(left.includes('[ERR_CARILLON_INTERRUPTED]'), code === 130)
  })
}

test('a server that ends while it is watched ends the watching, with a sentence', async (t) => {
  const server = await startServer(t)
  const { ended, until } = jsonLooks(t, server.region)
  await until(({ hostBeat }) => hostBeat.isMoving === true)
  t.is(await server.end('SIGTERM'), 0)
  await until(({ isOrphaned }) => isOrphaned)
  await until(({ hasEnded }) => hasEnded)
  t.like(await ended, { code: 0, stderr: '' })
})

test('a region that is made anew, loses its name or is cut short is told apart', async (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 1 })
  t.teardown(() => region.remove())
  const former = region.session
  const { ended, next, until } = jsonLooks(t, path)
  t.is((await next()).session, former)
  region.renew()
  const renewed = await until(({ session }) => session !== former && session !== 0)
  t.deepEqual([renewed.session, renewed.formerSession], [region.session, former])
  renameSync(path, `${path}.moved`)
  t.false((await until(({ isOrphaned }) => isOrphaned)).hasEnded)
  t.like(await ended, { code: 0 })
  renameSync(`${path}.moved`, path)
  const again = jsonLooks(t, path)
  await again.next()
  ftruncateSync(region.fd, 4096)
  const { code, stderr } = await again.ended
  t.is(code, 1)
  t.regex(stderr, /region was cut short while it was mapped \[ERR_CARILLON_REGION_TRUNCATED\]\n$/)
})

test('a dump that nobody reads to its end ends', async (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 1, ringCapacityBytes: 4 * 1024 * 1024 })
  t.teardown(() => region.remove())
  const tail = region.shared.rings[0]?.offset ?? 0
  // Records of no bytes, as many as there is room for: their headers are all 0 but for the type.
  for (let at = tail + 256; at < tail + 256 + 4 * 1024 * 1024; at += 16)
    region.memory.bytes[at + 4] = 1
  region.memory.words[tail / 4] = 4 * 1024 * 1024
  const { child, ended } = startCarillon(t, 'rings', path, '--dump')
  child.stdout?.once('data', () => child.stdout?.destroy())
  t.like(await ended, { code: 0, stderr: '' })
})

for (const [what, make, code, says] of [
  ['is not there', () => {}, 'MAPPING', 'no such file or directory'],
  ['is a folder', (path: string) => mkdirSync(path), 'REGION_KIND', 'neither'],
  ['is empty', (path: string) => writeFileSync(path, ''), 'REGION_SIZE', 'is 0 bytes'],
  [
    'is too short',
    (path: string) => writeFileSync(path, Buffer.alloc(100)),
    'REGION_SIZE',
    'is 100 bytes',
  ],
  [
    'is no region',
    (path: string) => writeFileSync(path, Buffer.alloc(65_536)),
    'REGION_MAGIC',
    'is not a shared region',
  ],
] as const) {
  test(`a file that ${what} is an error of one line`, async (t) => {
    const path = join(temporaryFolder(t), 'region\x1b[2J')
    make(path)
    for (const mode of [['--once'], ['--dump'], ['--json']]) {
      const { code: exitCode, stdout, stderr } = await carillon(t, 'rings', path, ...mode)
      t.deepEqual([exitCode, stdout], [1, ''])
      t.true(stderr.startsWith('carillon: ') && stderr.includes(says), stderr)
      t.true(stderr.endsWith(` [ERR_CARILLON_${code}]\n`), stderr)
      t.false(stderr.includes('\x1b'))
    }
  })
}

test('a core that the region does not have is an error', async (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, { cores: 2 })
  t.teardown(() => region.remove())
  const { code, stderr } = await carillon(t, 'rings', path, '--core', '2', '--dump')
  t.is(code, 1)
  t.regex(stderr, /has no core 2: it has 2, from 0 \[ERR_CARILLON_ARGUMENT\]\n$/)
  const chosen = await carillon(t, 'rings', path, '--core', '1', '--interval', '0.1')
  t.is(chosen.code, 0)
  t.regex(chosen.stdout, /^1 +offline +0 +none +none +still/m)
  t.notRegex(chosen.stdout, /^0 /m)
})

for (const [args, says] of [
  [[], "missing required argument 'FILE'"],
  [['a', 'b'], 'too many arguments'],
  [['a', '--interval', '0.05'], '--interval takes a number from 0.1 to 10, not "0.05"'],
  [['a', '--interval', '11'], '--interval takes a number from 0.1 to 10'],
  [['a', '--core', '4'], '--core takes a whole number from 0 to 3'],
  [['a', '--direction', 'up'], '--direction takes one of to-core, from-core, not "up"'],
  [['a', '--dump', '--bytes', '-1'], '--bytes takes a whole number from 0'],
  [['a', '--bytes', '5'], '--bytes is for --dump'],
  [['a', '--dump', '--json'], '--dump prints no JSON'],
] as const) {
  test(`a wrong call exits with 2 and says why: rings ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await carillon(t, 'rings', ...args)
    t.deepEqual([code, stdout], [2, ''])
    t.true(stderr.includes(says) && stderr.endsWith(' [ERR_CARILLON_USAGE]\n'), stderr)
  })
}
