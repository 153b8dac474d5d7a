import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { REPOSITORY } from './repository.ts'

const firmware = join(REPOSITORY, 'firmware')

/** Builds a program of firmware/test and resolves with its path. */
export async function buildFirmwareTool(name: string): Promise<string> {
  return await build(`${name}-test`, join('test', name))
}

/** Builds the hosted firmware so that its first wrong access ends it, and resolves with its path. */
export async function buildSanitizedFirmware(): Promise<string> {
  return await build('hosted-sanitize', 'carillon-core', 'SANITIZE=1')
}

/** How often a sleepy core wakes by itself, in milliseconds. */
export const SLEEPY_HEARTBEAT_MS = 10_000
const RARELY_BY_ITSELF = `CPPFLAGS=-DHEARTBEAT_US=${SLEEPY_HEARTBEAT_MS}000u`

/**
 * Builds the hosted firmware so that it wakes by itself only every ten seconds, and resolves with its
 * path: where a bell is lost, it shows.
 */
export async function buildSleepyFirmware(): Promise<string> {
  return await build('hosted-sleepy', 'carillon-core', RARELY_BY_ITSELF)
}

/** The same as an image for a board: its port. */
export async function buildSleepyImage(kind: string): Promise<string> {
  return await build(`${kind}-sleepy`, 'carillon-core.elf', `PORT=${kind}`, RARELY_BY_ITSELF)
}

/** So rarely does a core wake by itself that no test sees it: a bell that is lost stays lost. */
const NEVER_BY_ITSELF = 'CPPFLAGS=-DHEARTBEAT_US=600000000u'

/**
 * Builds an image for a board whose cores answer checked messages (firmware/test/soak_command.c) and do
 * not wake by themselves, and resolves with its path.
 */
export async function buildSoakFirmware(kind: string): Promise<string> {
  const core = '$(filter-out core/command.c,$(wildcard core/*.c)) test/soak_command.c'
  return await build(
    ...([`${kind}-soak`, 'carillon-core.elf', `PORT=${kind}`] as const),
    ...[`CORE=${core}`, NEVER_BY_ITSELF],
  )
}

/**
 * Builds the image for `virt` so that each core waits for the next bell between its last look and its
 * sleep (firmware/test/slow_window.c), and does not wake by itself, and resolves with its path.
 */
export async function buildSlowWindowFirmware(): Promise<string> {
  const core = '$(wildcard core/*.c) test/slow_window.c'
  const wrap = 'LDFLAGS=-Wl,--wrap=timer_arm'
  return await build(
    ...(['virt-window', 'carillon-core.elf', 'PORT=virt', `CORE=${core}`] as const),
    ...[wrap, NEVER_BY_ITSELF],
  )
}

/** Builds the hosted firmware so that it stands still at once (firmware/test/stands_still.c). */
export async function buildFrozenFirmware(): Promise<string> {
  const core = '$(wildcard core/*.c) test/stands_still.c'
  return await build('hosted-frozen', 'carillon-core', `CORE=${core}`)
}

/**
 * Builds firmware with an effect that makes the core fault, `fault`, and resolves with its path.
 *
 * @param user the one test file that builds this copy.
 */
export async function buildFaultsFirmware(port: string, user: string): Promise<string> {
  const program = port === 'hosted' ? 'carillon-core' : 'carillon-core.elf'
  return await build(`${port}-faults-${user}`, program, `PORT=${port}`, 'FAULTS=1')
}

/**
 * Builds what stands in for Linux and its driver beside the firmware of a board (firmware/test/linux_stand_in.c),
 * and resolves with its path: a flat image.
 *
 * @param address where QEMU's machine has it.
 * @param user the one test file that builds this copy.
 */
export async function buildStandIn(board: string, address: number, user: string): Promise<string> {
  const folder = join(firmware, 'build', `${board}-stand-in-${user}`)
  const program = join(folder, 'stand-in.elf')
  await mkdir(folder, { recursive: true })
  const flags = [
    ...['-std=gnu11', '-O2', '-mcpu=cortex-a53', '-mstrict-align', '-mgeneral-regs-only'],
    ...['-ffreestanding', '-nostdlib', '-static', '-fno-pic', '-no-pie', '-fno-stack-protector'],
    ...[
      '-fno-tree-loop-distribute-patterns',
      `-Wl,-Ttext=0x${address.toString(16)},--build-id=none`,
    ],
    ...['-Wall', '-Wextra', '-Werror', '-Wl,-e,_start,-z,max-page-size=4096', `-I${firmware}`],
    `-I${join(firmware, 'port', board)}`,
  ]
  await promisify(execFile)('aarch64-linux-gnu-gcc', [
    ...[...flags, '-o', program, join(firmware, 'test/linux_stand_in.c')],
  ])
  const flat = join(folder, 'stand-in.img')
  await promisify(execFile)('aarch64-linux-gnu-objcopy', ['-O', 'binary', program, flat])
  return flat
}

/** In a folder of its own: other tests build too, at the same time. */
async function build(folder: string, target: string, ...settings: string[]): Promise<string> {
  const build = join(firmware, 'build', folder)
  const program = join(build, target)
  const args = ['-j2', '-C', firmware, `BUILD=${build}`, ...settings, program]
  await promisify(execFile)('make', args)
  return program
}
