import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { compareElfLayout } from '../../src/cores/compare-elf-layout.ts'
import { ELF_SEGMENT } from '../../src/cores/elf-segment.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { STRUCTS } from '../../src/shm/shared-mem.ts'
import { needsTool } from '../support/needs-tool.ts'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const run = promisify(execFile)

const FIRMWARE = join(REPOSITORY, 'firmware')
const HEADER = readFileSync(join(FIRMWARE, 'include/carillon/shared_mem.h'), 'utf8')
const FLAGS = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-ffreestanding', '-O2']

interface Compilation {
  readonly compiler?: string
  readonly flags?: readonly string[]
  /** In place of the generated header. */
  readonly header?: string
}

/** Compiles the table, and returns the path of its object. */
async function compile(t: ExecutionContext, { header, ...options }: Compilation): Promise<string> {
  const { compiler = 'cc', flags = [] } = options
  const folder = temporaryFolder(t)
  const object = join(folder, 'layout_table.o')
  mkdirSync(join(folder, 'carillon'))
  writeFileSync(join(folder, 'carillon/shared_mem.h'), header ?? HEADER)
  const source = join(FIRMWARE, 'core/layout_table.c')
  await run(compiler, [...FLAGS, ...flags, `-I${folder}`, '-c', source, '-o', object])
  return object
}

/** The header as it would be if nobody checked it. */
const UNCHECKED = HEADER.replaceAll(/^_Static_assert.*$/gm, '')

async function differing(path: string): Promise<string[]> {
  const { differences } = compareElfLayout(await readElfFile(path))
  return differences.map(({ struct }) => struct)
}

test('the table says what the compiler did, not what was declared', async (t) => {
  t.deepEqual(await differing(await compile(t, { header: UNCHECKED })), [])
  const packed = await compile(t, { header: UNCHECKED, flags: ['-fpack-struct'] })
  // Those that ask for a cache line get it all the same.
  t.deepEqual(
    await differing(packed),
    STRUCTS.filter(({ align }) => align < 64).map(({ name }) => name),
  )
  const longer = UNCHECKED.replace('uint32_t uptime_us;', 'uint64_t uptime_us;')
  // It is full to the end of its cache line: a longer one moves what comes behind it.
  t.deepEqual(await differing(await compile(t, { header: longer })), ['core_status', 'shared_mem'])
})

test('a field that shrinks where nothing moves passes the asserts, and not the table', async (t) => {
  const header = HEADER.replace('uint32_t heartbeat;', 'uint16_t heartbeat;')
  t.deepEqual(await differing(await compile(t, { header })), ['host_status'])
})

test('what has another size, offset or alignment does not compile', async (t) => {
  for (const [changes, says] of [
    [{ flags: ['-fpack-struct'] }, 'alignment of record_header'],
    [{ header: HEADER.replaceAll('aligned(64)', 'aligned(128)') }, 'alignment of host_status'],
    [
      { header: HEADER.replace('uint32_t waiting;', 'uint32_t more, waiting;') },
      'ring_producer.waiting',
    ],
    [
      { header: HEADER.replace(/(uint32_t stream;\s+uint32_t sequence);/, '$1, more;') },
      '"record_header"',
    ],
  ] as const) {
    const { message = '' } = (await t.throwsAsync(compile(t, changes))) ?? {}
    t.true(message.includes('static assertion failed') && message.includes(says), message)
  }
})

test('the alignment of every struct is asserted', (t) => {
  const asserted = [...HEADER.matchAll(/_Alignof\(struct carillon_(\w+)\) == (\d+)/g)]
  const alignments = new Map(asserted.map(([, name, align]) => [name, Number(align)]))
  for (const { name, align } of STRUCTS) t.is(alignments.get(name), align, name)
})

const clang = needsTool(test, 'clang', 'apt-get install clang')

for (const [target, machine, bits] of [
  ['armv7-none-eabi', 40, 32],
  ['aarch64-none-elf', 183, 64],
  ['riscv32-none-elf', 243, 32],
  ['x86_64-none-elf', 62, 64],
] as const) {
  clang(`the compiler for ${target} agrees`, async (t) => {
    const object = await compile(t, { compiler: 'clang', flags: [`--target=${target}`] })
    const elf = await readElfFile(object)
    t.deepEqual([elf.machine, elf.bits], [machine, bits])
    t.deepEqual(await differing(object), [])
  })
}

clang(
  'x86-32, which aligns a double to 4, does not compile, and its table would differ',
  async (t) => {
    const x86 = { compiler: 'clang', flags: ['--target=i386-none-elf'] }
    const error = await t.throwsAsync(compile(t, x86))
    t.regex(error?.message ?? '', /_Alignof\(struct carillon_param_info\) == 8/)
    const unchecked = await compile(t, { ...x86, header: UNCHECKED })
    t.deepEqual(await differing(unchecked), ['trace_record', 'param_info', 'effect_info'])
  },
)

clang('a big-endian file is refused', async (t) => {
  const flags = ['--target=armebv7-none-eabi']
  const object = await compile(t, { compiler: 'clang', flags })
  await t.throwsAsync(differing(object), {
    ...{ code: 'ERR_CARILLON_ELF_BYTE_ORDER', message: /it is not little-endian/ },
  })
})

/** A linker script as a machine without an operating system has it. */
const SCRIPT = `
ENTRY(_start)
SECTIONS {
  . = 0x40000000;
  .text : { *(.text*) }
  .layout_table 0 (INFO) : { KEEP(*(.layout_table)) }
  /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) }
}
`

test('a linker script keeps the table in the file and out of the memory', async (t) => {
  const object = await compile(t, {})
  const folder = temporaryFolder(t)
  const [script, program, elf] = ['script.ld', 'start.c', 'core.elf'].map((name) =>
    join(folder, name),
  )
  if (script === undefined || program === undefined || elf === undefined) return t.fail()
  writeFileSync(script, SCRIPT)
  writeFileSync(program, 'void _start(void);\nvoid _start(void) {\n  for (;;);\n}\n')
  const link = ['-nostdlib', '-static', '-no-pie', '-Wl,--gc-sections', '-Wl,--build-id=none']
  execFileSync('cc', [...FLAGS, ...link, '-T', script, program, object, '-o', elf])
  t.deepEqual(await differing(elf), [])
  const { sections, segments } = await readElfFile(elf)
  const table = sections.find(({ name }) => name === '.layout_table')
  t.is(table && table.flags & 2n, 0n, 'it is not allocated')
  const loaded = segments.filter(({ type }) => type === ELF_SEGMENT.LOAD)
  t.true(loaded.length > 0)
  for (const { offset, fileBytes, memoryBytes } of loaded) {
    t.true(memoryBytes < BigInt(table?.fileBytes ?? 0))
    t.true((table?.offset ?? 0) >= offset + fileBytes)
  }
})

test('a linker that removes what nothing refers to keeps the table', async (t) => {
  const object = await compile(t, {})
  const folder = temporaryFolder(t)
  const [program, elf] = [join(folder, 'main.c'), join(folder, 'core')]
  writeFileSync(program, 'int main(void) {\n  return 0;\n}\n')
  execFileSync('cc', ['-Wl,--gc-sections', program, object, '-o', elf])
  t.deepEqual(await differing(elf), [])
})
