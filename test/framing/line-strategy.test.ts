import test from 'ava'
import { LineStrategy } from '../../src/framing/line-strategy.ts'
import { cutAt, encodeAll, readMessages } from './read-messages.ts'

test('a line ends with \\n or \\r\\n, and a lone \\r stays', (t) => {
  const stream = Buffer.from('one\ntwo\r\n\n\r\nlone\rcr\n\r\r\nrest')
  for (const cuts of [[], [...stream.keys()]]) {
    const { messages } = readMessages(new LineStrategy(), cutAt(stream, cuts))
    t.deepEqual(messages.map(String), ['one', 'two', '', '', 'lone\rcr', '\r'])
  }
})

test('a line is sent with the line end asked for', (t) => {
  const encoded = (lineEnd: '\n' | '\r\n', text: string) =>
    encodeAll(new LineStrategy({ lineEnd }), [Buffer.from(text)]).toString()
  t.is(encoded('\n', 'line'), 'line\n')
  t.is(encoded('\r\n', ''), '\r\n')
  t.is(encoded('\r\n', 'cr\r'), 'cr\r\r\n')
  t.throws(() => new LineStrategy({ lineEnd: '\r' as '\n' }), { code: 'ERR_CARILLON_ARGUMENT' })
})

test('what would not come back as one line is not sent', (t) => {
  for (const [lineEnd, text] of [
    ['\n', 'two\nlines'],
    ['\r\n', 'two\nlines'],
    ['\n', 'cr\r'],
  ] as const) {
    t.throws(() => new LineStrategy({ lineEnd }).encode(Buffer.from(text)), {
      code: 'ERR_CARILLON_MESSAGE_HAS_END',
    })
  }
})
