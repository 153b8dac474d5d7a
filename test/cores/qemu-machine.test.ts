import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { bareMetalFirmwarePath, HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { qemuArguments } from '../../src/cores/qemu-arguments.ts'
import { QEMU_BOARDS } from '../../src/cores/qemu-boards.ts'
import { QemuMachine } from '../../src/cores/qemu-machine.ts'
import { COMMAND, CORE_STATE } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { effectIndex, openStream, passBlock } from '../support/core-streams.ts'
import { echoBlocks, echoTimes, noiseBytes } from '../support/echo-blocks.ts'
import { writeFaultyFirmware } from '../support/faulty-firmware.ts'
import { buildSleepyImage } from '../support/firmware-tool.ts'
import { LinkedCore } from '../support/linked-core.ts'
import { LinkedMachine } from '../support/linked-machine.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const NOTHING = new Uint8Array(0)
const FRAMES = 512

/** A second of noise between -1 and 1, in blocks. */
function noiseBlocks(): Float32Array[] {
  return Array.from({ length: 90 }, (_, block) => {
    const bytes = noiseBytes(block + 1, 2 * FRAMES)
    const words = new Int16Array(bytes.buffer)
    return Float32Array.from(words, (word) => word / 32768)
  })
}

async function filtered(linked: LinkedCore, blocks: readonly Float32Array[]): Promise<number[]> {
  const index = await effectIndex(linked, 'lowpass')
  if (!(await openStream(linked, [{ index, values: [1000.1, 0.9] }]))) return []
  const out: number[] = []
  for (const [sequence, block] of blocks.entries()) {
    const bytes = new Uint8Array(block.buffer, block.byteOffset, block.byteLength)
    const back = await passBlock(linked, sequence, bytes)
    if (back !== undefined) out.push(...new Float32Array(back.slice().buffer))
  }
  return out
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

const RET = 0xd65f03c0

/** What no core may do, as instructions that return where it can be done all the same. */
const FAULTS = {
  'executes what is no instruction': [0x00000000], // udf
  // sub sp, sp, #0x8000; str x0, [sp]; add sp, sp, #0x8000
  'grows its stack too far': [0xd14023ff, 0xf90003e0, 0x914023ff, RET],
  'writes over code': [0x10000001, 0xf9000020, RET], // adr x1, .; str x0, [x1]
  // sub sp, sp, #16; mov w1, #RET; str w1, [sp]; mov x2, sp; add sp, sp, #16; br x2
  'executes data': [
    ...[0xd10043ff, 0x52807801, 0x72bacbe1, 0xb90003e1],
    ...[0x910003e2, 0x910043ff, 0xd61f0040],
  ],
  'reads where there is nothing': [0xd2b80001, 0xf9400021, RET], // mov x1, #3 << 30; ldr x1, [x1]
  'follows a null pointer': [0xd2800001, 0xf9400021, RET], // mov x1, #0; ldr x1, [x1]
}

for (const board of BOARDS) {
  const qemuTest = boardTest(board)

  qemuTest('four cores run at once, and each echoes bit for bit', async (t) => {
    const { cores, region } = await LinkedMachine.start(t, board, 4)
    for (const { link } of cores) {
      t.is(link.status.state, CORE_STATE.RUNNING)
      t.is(link.status.session, region.session)
      t.is(link.status.boot, 1)
    }
    const right = await Promise.all(cores.map((core) => echoBlocks(core, 200)))
    t.deepEqual(right, [200, 200, 200, 200])
    const beats = cores.map(({ link }) => link.status.heartbeat)
    await Promise.all(
      cores.map((core, at) =>
        core.untilCore(() => core.link.status.heartbeat > (beats[at] ?? 0) + 5),
      ),
    )
    t.deepEqual(
      cores.flatMap(({ unlinks }) => unlinks),
      [],
    )
  })

  for (const entryLevel of board.entryLevels) {
    qemuTest(`firmware that begins at EL${entryLevel} runs alike`, async (t) => {
      const { cores } = await LinkedMachine.start(t, board, 4, {
        entryLevel,
        firmware: await buildSleepyImage(board.kind),
      })
      const right = await Promise.all(cores.map((core) => echoBlocks(core, 100)))
      t.deepEqual(right, [100, 100, 100, 100])
    })
  }

  qemuTest('a machine runs as many cores as its region has', async (t) => {
    const firmware = await buildSleepyImage(board.kind)
    for (const count of [1, 3]) {
      const { cores, region } = await LinkedMachine.start(t, board, count, { firmware })
      t.is(cores.length, count)
      t.deepEqual(
        await Promise.all(cores.map((core) => echoBlocks(core, 100))),
        cores.map(() => 100),
      )
      t.deepEqual(
        region.shared.status.map(({ boot }) => boot),
        [0, 1, 2, 3].map((core) => (core < count ? 1 : 0)),
      )
    }
  })

  qemuTest('a filter gives on all cores at once what it gives in a hosted one', async (t) => {
    const blocks = noiseBlocks()
    const { cores } = await LinkedMachine.start(t, board, 4)
    const there = await Promise.all(cores.map((core) => filtered(core, blocks)))
    const here = await filtered(await LinkedCore.start(t), blocks)
    t.is(here.length, blocks.length * FRAMES)
    const loudest = Math.max(...here.map(Math.abs))
    t.true(loudest > 0.1, `${loudest}`)
    for (const samples of there) {
      t.is(samples.length, here.length)
      const difference = Math.max(
        ...here.map((sample, at) => Math.abs(sample - (samples[at] ?? 9))),
      )
      // -120 dBFS.
      t.true(difference <= 1e-6, `${difference}`)
    }
  })

  qemuTest('a core tells how much of its stack was ever in use', async (t) => {
    const firmware = join(temporaryFolder(t), 'deep.elf')
    // sub sp, sp, #0x5000; str x0, [sp]; add sp, sp, #0x5000; ret
    await writeFaultyFirmware(firmware, board, [0xd14017ff, 0xf90003e0, 0x914017ff, RET])
    const { cores } = await LinkedMachine.start(t, board, 2, { firmware })
    const [shallow, deep] = cores
    if (shallow === undefined || deep === undefined) throw new Error('a core is missing')
    t.true(await openStream(deep))
    deep.link.send(COMMAND.LIST, 0, 0, NOTHING)
    await deep.untilCore(() => deep.link.status.stackUsed > 0x5000)
    t.true(deep.link.status.stackUsed < 0x6000)
    t.true(shallow.link.status.stackUsed > 0 && shallow.link.status.stackUsed < 0x2000)
    for (const { link } of cores) t.is(link.status.stackBytes, 0x8000)
  })

  qemuTest('a core that is stopped parks, and the others go on', async (t) => {
    const firmware = await buildSleepyImage(board.kind)
    const { cores, machine } = await LinkedMachine.start(t, board, 4, { firmware })
    // Core 0 hears the bells of all: another one has to from here on.
    const order = [0, 2, 1, 3]
    for (const core of cores) t.true(await openStream(core))
    for (const [stopped, index] of order.entries()) {
      const core = cores[index]
      core?.link.send(COMMAND.STOP, 0, 0, NOTHING)
      await core?.untilCore(() => core.link.status.state === CORE_STATE.STOPPED)
      const others = order.slice(stopped + 1).flatMap((other) => cores[other] ?? [])
      t.deepEqual(
        await Promise.all(others.map((other) => echoTimes(other, 100))),
        others.map(() => 100),
      )
    }
    t.true(await machine.ended(10_000), 'the last one ends the machine')
  })

  for (const [what, instructions] of Object.entries(FAULTS)) {
    qemuTest(`a core that ${what} parks, and the others go on`, async (t) => {
      const firmware = join(temporaryFolder(t), 'faulty.elf')
      await writeFaultyFirmware(firmware, board, instructions, await buildSleepyImage(board.kind))
      const { cores, machine } = await LinkedMachine.start(t, board, 3, { firmware })
      for (const core of cores) t.true(await openStream(core))
      const [first, ...others] = cores
      const { refused } = first?.link.status ?? {}
      first?.link.send(COMMAND.LIST, 0, 0, NOTHING)
      // Their bells are heard, though it was core 0 that heard them all.
      t.deepEqual(await Promise.all(others.map((other) => echoTimes(other, 100))), [100, 100])
      const heartbeat = first?.link.status.heartbeat
      const beats = others.map(({ link }) => link.status.heartbeat)
      t.deepEqual(await Promise.all(others.map((other) => echoTimes(other, 100))), [100, 100])
      for (const [at, { link }] of others.entries()) t.not(link.status.heartbeat, beats[at])
      t.is(first?.link.status.heartbeat, heartbeat)
      t.is(first?.link.status.refused, refused)
      for (const { link } of others) link.send(COMMAND.STOP, 0, 0, NOTHING)
      t.true(await machine.ended(10_000), 'the last that runs ends the machine')
    })
  }

  qemuTest('a machine that was killed is noticed, and another one links again', async (t) => {
    const firmware = await buildSleepyImage(board.kind)
    const linked = await LinkedMachine.start(t, board, 4, { firmware })
    for (let boot = 1; boot < 4; boot++) {
      const exits = linked.machine.cores.map((core) => once(core, 'exit'))
      process.kill(linked.machine.pid, 'SIGKILL')
      for (const [exit] of await Promise.all(exits)) t.like(exit, { code: null, signal: 'SIGKILL' })
      for (const { link } of linked.cores) link.unlink(new Error('killed'))
      await linked.spawn()
      for (const core of linked.cores) {
        await core.spawn()
        await core.until(() => core.link.isLinked)
        t.is(core.link.status.boot, boot + 1)
      }
      const right = await Promise.all(linked.cores.map((core) => echoBlocks(core, 100)))
      t.deepEqual(right, [100, 100, 100, 100])
    }
  })

  qemuTest('a machine ends with the process that started it, however that ends', async (t) => {
    const program = join(import.meta.dirname, '../support/orphan-machine.js')
    const host = spawn(
      process.execPath,
      [program, board.kind, join(temporaryFolder(t), 'region')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    t.teardown(() => host.kill('SIGKILL'))
    const [line] = await once(createInterface(host.stdout), 'line')
    // Its end is seen when its entry is gone, or is that of a process that nobody has reaped.
    const isThere = () => /^State:\s+[^ZX]/m.test(statusOf(Number(line)))
    t.true(isThere())
    host.kill('SIGKILL')
    await once(host, 'exit')
    while (isThere()) await setImmediate()
    t.pass()
  })

  qemuTest('what cannot be started says why', async (t) => {
    const path = join(temporaryFolder(t), 'region')
    const region = SharedRegion.create(path, { ...board.place, cores: 1 })
    t.teardown(() => region.remove())
    const start = (options: object) => QemuMachine.start({ board, region, ...options })
    await t.throwsAsync(start({ emulator: 'no-such-emulator' }), {
      code: 'ERR_CARILLON_EMULATOR_MISSING',
      message: /apt-get install qemu-system-arm/,
    })
    // It knows no such options.
    await t.throwsAsync(start({ emulator: 'false' }), {
      code: 'ERR_CARILLON_CORE_START',
      message: 'false ended (code 1) before its firmware ran',
    })
    await t.throwsAsync(start({ emulator: 'qemu-system-arm' }), {
      code: 'ERR_CARILLON_CORE_START',
      message: /^qemu-system-arm ended \(code 1\) before its firmware ran: ./,
    })
    const silent = join(dirname(path), 'silent')
    writeFileSync(silent, '#!/bin/sh\nexec sleep 600\n', { mode: 0o700 })
    await t.throwsAsync(start({ emulator: silent, startTimeoutMs: 100 }), {
      code: 'ERR_CARILLON_CORE_TIMEOUT',
      message: /did not ring in 100 ms/,
    })
    // What it has started has its standard error for as long as it runs.
    const parent = join(dirname(path), 'parent')
    const child = join(dirname(path), 'child')
    writeFileSync(parent, `#!/bin/sh\nsleep 600 &\necho $! >${child}\nexit 3\n`, { mode: 0o700 })
    await t.throwsAsync(start({ emulator: parent }), {
      code: 'ERR_CARILLON_CORE_START',
      message: /ended \(code 3\)/,
    })
    process.kill(Number(readFileSync(child, 'utf8')), 'SIGKILL')
    t.is(statSync(path).mode & 0o777, 0o400, 'what QEMU needed for its start is taken back')
  })

  qemuTest('an image that is missing, or for another machine, is refused', async (t) => {
    const folder = temporaryFolder(t)
    const region = SharedRegion.create(join(folder, 'region'), { ...board.place, cores: 1 })
    t.teardown(() => region.remove())
    const start = (firmware: string) => QemuMachine.start({ board, region, firmware })
    await t.throwsAsync(start(join(folder, 'none')), {
      code: 'ERR_CARILLON_FIRMWARE_MISSING',
      message: /^there is no firmware at .*none$/,
    })
    await t.throwsAsync(start(HOSTED_FIRMWARE), { code: 'ERR_CARILLON_FIRMWARE_MACHINE' })
    for (const { kind } of BOARDS.filter((other) => other !== board)) {
      await t.throwsAsync(start(bareMetalFirmwarePath(kind)), {
        code: 'ERR_CARILLON_FIRMWARE_PORT',
        message: new RegExp(
          `no firmware for QEMU's board ${board.machine}: it is the port ${kind}$`,
        ),
      })
    }
    const text = join(folder, 'text')
    writeFileSync(text, 'no firmware')
    await t.throwsAsync(start(text), { code: 'ERR_CARILLON_ELF' })
  })
}

test('the memory of the machine is what its nodes add up to, in steps that QEMU takes', (t) => {
  const board = QEMU_BOARDS.virt
  const ARGUMENTS = {
    image: 'image.elf',
    cores: 4,
    path: '/tmp/a,b',
    doorbellFd: 3,
    entryLevel: 1,
  } as const
  for (const regionBytes of [4096, 8192, 129 * 4096, board.regionBytesMax]) {
    const args = qemuArguments(board, { ...ARGUMENTS, regionBytes })
    const sizes = args.flatMap((argument) => argument.match(/^memory-.*size=(\d+)/)?.[1] ?? [])
    const sum = sizes.reduce((bytes, size) => bytes + Number(size), 0)
    t.is(args[args.indexOf('-m') + 1], `${sum}B`)
    t.is(sum % 8192, 0)
    t.true(args.some((argument) => argument.includes('mem-path=/tmp/a,,b,')))
  }
  t.throws(() => qemuArguments(board, { ...ARGUMENTS, regionBytes: board.regionBytesMax + 4096 }), {
    code: 'ERR_CARILLON_ARGUMENT',
  })
})

test('a raspi3 machine has its memory in one file, and takes no more than fits below the graphics', (t) => {
  const board = QEMU_BOARDS.raspi3
  const ARGUMENTS = {
    ...{ image: 'image', cores: 3, path: '/tmp/a,b', doorbellFd: 3 },
    regionBytes: board.regionBytesMax,
    entryLevel: 2,
  } as const
  const args = qemuArguments(board, ARGUMENTS)
  t.true(args.some((argument) => argument.includes('size=1073741824,mem-path=/tmp/a,,b,share=on')))
  const refused = { code: 'ERR_CARILLON_ARGUMENT' }
  const regionBytes = board.regionBytesMax + 4096
  t.throws(() => qemuArguments(board, { ...ARGUMENTS, regionBytes }), refused)
  t.throws(() => qemuArguments(board, { ...ARGUMENTS, entryLevel: 1 }), {
    ...refused,
    message: 'firmware begins at EL2 on a raspi3 machine, not at EL1',
  })
})

for (const board of BOARDS) {
  test(`a region that lies elsewhere in its file than a ${board.kind} has it is refused`, async (t) => {
    const region = SharedRegion.create(join(temporaryFolder(t), 'region'), {
      ...{ cores: 1, offset: board.place.offset + 2 ** 21 },
    })
    await t.throwsAsync(QemuMachine.start({ board, region }), { code: 'ERR_CARILLON_ARGUMENT' })
  })
}
