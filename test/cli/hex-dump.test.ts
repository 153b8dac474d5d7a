import test from 'ava'
import { hexLines } from '../../src/cli/hex-dump.ts'

test('bytes are shown as hexdump -C shows them', (t) => {
  t.deepEqual(hexLines(new Uint8Array(0)), [])
  const bytes = Uint8Array.from([...Buffer.from('Ring\n~ 0123456789'), 0, 0x1b, 0x7f, 0xff])
  t.deepEqual(hexLines(bytes), [
    '00000000  52 69 6e 67 0a 7e 20 30  31 32 33 34 35 36 37 38  |Ring.~ 012345678|',
    '00000010  39 00 1b 7f ff                                    |9....|',
  ])
})
