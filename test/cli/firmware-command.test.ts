import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { bareMetalFirmwarePath, HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { FIRMWARE_INTERFACE } from '../../src/shm/firmware-note.ts'
import { LAYOUT_HASH } from '../../src/shm/shared-mem.ts'
import { VERSION } from '../../src/version.ts'
import { carillon } from '../support/carillon-command.ts'
import { elfImage } from '../support/elf-image.ts'
import { madeUpFirmware } from '../support/made-up-firmware.ts'
import { BOARDS } from '../support/needs-board.ts'
import { needsTool } from '../support/needs-tool.ts'
import { writeOtherFirmware } from '../support/other-firmware.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const HASH = `0x${LAYOUT_HASH.toString(16).padStart(8, '0')}`

/** Of a host that this one is not. */
const NEWER = FIRMWARE_INTERFACE + 1

/** Where the image of each board begins. */
const ENTRIES = { virt: '0x40200000', raspi3: '0x00080000' }

for (const { kind } of BOARDS) {
  const firmware = bareMetalFirmwarePath(kind)
  const entry = ENTRIES[kind]
  const imageTest = needsTool(
    test,
    firmware,
    'apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu, npm run setup',
  )

  imageTest(`${kind}: a bare-metal image is shown in lines of 80 columns`, async (t) => {
    const { code, stdout, stderr } = await carillon(t, 'firmware', 'info', firmware)
    t.deepEqual([code, stderr], [0, ''])
    const [path, ...lines] = stdout.split('\n')
    t.is(path, firmware)
    for (const line of lines) t.true(line.length <= 80, line)
    t.regex(stdout, /^Processor +AArch64, 64 bits, a program$/m)
    t.true(
      stdout.includes(`${VERSION} for ${kind}, interface ${FIRMWARE_INTERFACE}, this host's\n`),
    )
    t.true(stdout.includes(`version 1, hash ${HASH}, this host's\n`))
    t.regex(stdout, new RegExp(`^Entry +${entry}$`, 'm'))
    t.regex(stdout, new RegExp(`^Memory +${entry} to 0x[0-9a-f]+, \\d+(\\.\\d)? MiB$`, 'm'))
    t.regex(stdout, /^Stacks +4 of 32 KiB, 4 KiB of guard below each$/m)
    t.regex(
      stdout,
      /^Host sets +boot_parameters, 40 bytes at 0x[0-9a-f]+:\n +region, region_bytes, cores, turn_off, uncached$/m,
    )
    t.regex(stdout, new RegExp(`^${entry} +r-x +[\\d.]+ KiB +[\\d.]+ KiB$`, 'm'))
    t.false(stdout.includes('rwx'))
  })

  imageTest(`${kind}: the same as JSON`, async (t) => {
    const { code, stdout } = await carillon(t, 'firmware', 'info', '--json', firmware)
    t.is(code, 0)
    const found = JSON.parse(stdout)
    t.like(found, {
      ...{ path: firmware, machine: 'AArch64', bits: 64, entry, problem: null },
      layout: { version: 1, hash: HASH, agrees: true },
      stacks: { count: 4, bytes: 32768, guardBytes: 4096 },
    })
    t.like(found.firmware, { port: kind, version: VERSION, isInterfaceKnown: true })
    t.like(found.symbols[0], { name: 'boot_parameters', bytes: 40 })
    t.deepEqual(
      found.segments.map(({ rights }: { rights: string }) => rights),
      ['r-x', 'r--', 'rw-'],
    )
    t.is(Number(found.memory.end) - Number(found.memory.start), found.memory.bytes)
  })
}

test('hosted firmware is shown as well', async (t) => {
  const { code, stdout } = await carillon(t, 'firmware', 'info', HOSTED_FIRMWARE)
  t.is(code, 0)
  t.true(stdout.includes(`${VERSION} for hosted, interface ${FIRMWARE_INTERFACE}, this host's\n`))
  t.false(stdout.includes('Stacks'))
})

test('what this host cannot run is shown, and then said', async (t) => {
  const folder = temporaryFolder(t)
  const newer = join(folder, 'newer')
  writeOtherFirmware(HOSTED_FIRMWARE, newer, { interfaceVersion: NEWER, version: '7.0.0' })
  const text = await carillon(t, 'firmware', 'info', newer)
  t.is(text.code, 1)
  t.true(text.stdout.includes(`7.0.0 for hosted, interface ${NEWER}, not this host's\n`))
  t.regex(
    text.stderr,
    new RegExp(`^carillon: .*version ${NEWER} .* \\[ERR_CARILLON_FIRMWARE_VERSION\\]\\n$`),
  )
  const json = await carillon(t, 'firmware', 'info', newer, '--json')
  t.is(json.code, 1)
  t.is(JSON.parse(json.stdout).problem.code, 'ERR_CARILLON_FIRMWARE_VERSION')
})

test('a file that is not firmware, or for another board, has its own error', async (t) => {
  const folder = temporaryFolder(t)
  const files = {
    text: [Buffer.from('no firmware'), 'ERR_CARILLON_ELF'],
    bare: [elfImage({ bits: 64, machine: 183 }), 'ERR_CARILLON_LAYOUT_MISSING'],
    board: [madeUpFirmware(), 'ERR_CARILLON_FIRMWARE_PORT'],
    torn: [madeUpFirmware().subarray(0, -1), 'ERR_CARILLON_ELF_TRUNCATED'],
  } as const
  for (const [name, [bytes, wanted]] of Object.entries(files)) {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    const { code, stderr } = await carillon(t, 'firmware', 'info', path)
    t.is(code, 1)
    t.true(stderr.endsWith(`[${wanted}]\n`), stderr)
    t.is(stderr.split('\n').length, 2, 'one line')
  }
  const absent = await carillon(t, 'firmware', 'info', join(folder, 'absent'))
  t.is(absent.code, 1)
  t.true(absent.stderr.endsWith('[ERR_CARILLON_ELF_READ]\n'))
  t.is((await carillon(t, 'firmware', 'info')).code, 2)
})
