import test from 'ava'
import { importScript } from '../../support/repository.ts'

const { forwardedPorts } = await importScript<{
  forwardedPorts(text: string): Map<number, number>
}>('machine/qmp.mjs')

test('the ports that QEMU has picked are read from its table', (t) => {
  const table = [
    'Hub -1 (net):',
    '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
    '  TCP[HOST_FORWARD]   4       127.0.0.1 34379       10.0.2.15  5555     0     0',
    '  TCP[HOST_FORWARD]  13       127.0.0.1 40001       10.0.2.15  8080     0     0',
    '  TCP[ESTABLISHED]   15       127.0.0.1 34379       10.0.2.15  5556     0     0',
    '',
  ].join('\r\n')
  t.deepEqual(
    [...forwardedPorts(table)],
    [
      [5555, 34_379],
      [8080, 40_001],
    ],
  )
  t.is(forwardedPorts('').size, 0)
})
