import test from 'ava'
import { readBoard } from '../../../src/cores/read-board.ts'
import { importScript } from '../../support/repository.ts'

const { machineArguments, SERVE_ARGUMENTS_LENGTH_MAX } = await importScript<{
  machineArguments(image: object, target: object, options: object): string[]
  SERVE_ARGUMENTS_LENGTH_MAX: number
}>('machine/machine-arguments.mjs')
const { MACHINE_BOARDS } = await importScript<{ MACHINE_BOARDS: Record<string, object> }>(
  'machine/boards.mjs',
)

const TARGET = { ...MACHINE_BOARDS['qemu-virt'], serve: ['--core', 'hosted'] }
const IMAGE = {
  kernel: '/images/vmlinuz',
  initramfs: '/images/initramfs',
  deviceTree: '/images/tree.dtb',
  disks: ['/images/a,b.ext4', '/images/c.ext4'],
  machine: ['-M', 'virt'],
  command: 'dist/main.js',
}

const PI = { ...MACHINE_BOARDS['pi-zero-2w'], serve: [] }

/** The words behind an option, wherever it is. */
function after(args: string[], option: string): string[] {
  return args.flatMap((word, index) => (word === option ? [args[index + 1] ?? ''] : []))
}

function append(serve: string[], options = {}): string {
  return after(machineArguments(IMAGE, TARGET, { port: 0, serve, ...options }), '-append')[0] ?? ''
}

test('ports of the loopback lead to the server, and nothing else leads in or out', (t) => {
  const args = machineArguments(IMAGE, TARGET, { port: 5000, consolePort: 0, serve: [] })
  t.deepEqual(after(args, '-netdev'), [
    'user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:5000-:5555,hostfwd=tcp:127.0.0.1:0-:8080',
  ])
  t.true(after(args, '-append')[0]?.endsWith(' --port 5555 --console-port 8080'))
})

test('without a console no port leads to one', (t) => {
  const args = machineArguments(IMAGE, TARGET, { port: 5000, serve: ['--core-polls'] })
  t.deepEqual(after(args, '-netdev'), [
    'user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:5000-:5555',
  ])
  t.regex(
    after(args, '-append')[0] ?? '',
    / -- dist\/main\.js --core hosted --port 5555 --no-console --core-polls$/,
  )
})

test('a comma in a path is no end of it', (t) => {
  t.deepEqual(after(machineArguments(IMAGE, TARGET, { port: 0, serve: [] }), '-drive'), [
    'if=none,id=disk0,format=raw,readonly=on,file=/images/a,,b.ext4',
    'if=none,id=disk1,format=raw,readonly=on,file=/images/c.ext4',
  ])
})

test('Linux on the Pi has as much memory as the board, and the disks lie behind that', (t) => {
  const args = machineArguments(IMAGE, PI, { port: 0, serve: [] })
  const { ram } = readBoard('pi-zero-2w').memory
  t.true(after(args, '-append')[0]?.includes(` mem=${ram.bytes / 2 ** 20}M -- `))
  const [first = '', second = ''] = after(args, '-device').filter((one) => one.startsWith('loader'))
  t.is(first, 'loader,file=/images/a,,b.ext4,addr=0x20000000,force-raw=on')
  t.is(second, 'loader,file=/images/c.ext4,addr=0x30000000,force-raw=on')
  t.is(ram.address + ram.bytes, 0x2000_0000)
})

test('arguments of the server are as many as the kernel takes', (t) => {
  const [, own = ''] = append([]).split(' -- ')
  const longest = 'x'.repeat(SERVE_ARGUMENTS_LENGTH_MAX - own.length - 1)
  t.true(append([longest]).endsWith(longest))
  t.throws(() => append([`${longest}x`]), {
    message: /have 1025 characters, of at most 1024 \[ERR_CARILLON_MACHINE_USAGE\]$/,
  })
})

test('an argument that would not come out as it went in is refused', (t) => {
  t.notThrows(() => append(['--firmware=/opt/x_1.elf', 'a,b%c:d@e+f']))
  for (const odd of ['two words', '"quoted"', '', 'line\nbreak', '$x']) {
    t.throws(() => append([odd]), { message: /\[ERR_CARILLON_MACHINE_USAGE\]$/ })
  }
})
