import test from 'ava'
import { importScript } from '../../support/repository.ts'

const { machineOptions } = await importScript<{
  machineOptions(words: string[]): Record<string, unknown>
}>('machine/machine-options.mjs')

test('what is not said is as it is of carillon serve', (t) => {
  t.deepEqual(machineOptions(['qemu-virt']), {
    board: 'qemu-virt',
    port: 5555,
    consolePort: 8080,
    log: false,
    serve: [],
  })
})

test('what comes behind -- is the server’s', (t) => {
  const own = ['qemu-virt', '--port', '0', '--no-console', '--log']
  t.deepEqual(machineOptions([...own, '--', '--cores', '2', '--max-clients']), {
    board: 'qemu-virt',
    port: 0,
    consolePort: undefined,
    log: true,
    serve: ['--cores', '2', '--max-clients'],
  })
})

test('what the machine says to the server is not said behind --', (t) => {
  for (const word of [
    '--port',
    '--port=1',
    '--console-port=1',
    '--no-console',
    '--host',
    '--core',
  ]) {
    t.throws(() => machineOptions(['--', '--cores', '2', word, '1']), {
      message: new RegExp(`: ${word} of the server is the machine's to say`),
    })
  }
})

test('a port is a whole number of 16 bits', (t) => {
  for (const port of ['0', '1', '65535']) {
    t.is(machineOptions(['--port', port]).port, Number(port))
    t.is(machineOptions(['--port', '7', '--console-port', port]).consolePort, Number(port))
  }
  for (const port of ['65536', '-1', '1.5', '0x10', '', 'five']) {
    for (const option of ['--port', '--console-port']) {
      const error = t.throws(() => machineOptions([`${option}=${port}`]))
      t.is((error as Error & { code?: string }).code, 'ERR_CARILLON_MACHINE_USAGE')
      t.true(error?.message.includes(`${option} takes a whole number, 0 to 65535, not "${port}"`))
    }
  }
})

test('two ports that are the same are refused, unless any will do', (t) => {
  t.throws(() => machineOptions(['--port', '8080']), { message: /are both 8080/ })
  t.notThrows(() => machineOptions(['--port', '0', '--console-port', '0']))
  t.notThrows(() => machineOptions(['--port', '8080', '--no-console']))
})

test('what is not an option is told with what there is', (t) => {
  for (const words of [['--prot', '1'], ['a', 'b'], ['--port']]) {
    t.throws(() => machineOptions(words), {
      message: /^npm run machine -- BOARD .*\[ERR_CARILLON_MACHINE_USAGE\]$/,
    })
  }
})
