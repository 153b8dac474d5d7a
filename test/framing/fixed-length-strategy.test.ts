import test from 'ava'
import { FixedLengthStrategy } from '../../src/framing/fixed-length-strategy.ts'
import { readMessages } from './read-messages.ts'

test('the stream is cut into messages of one length', (t) => {
  const { messages } = readMessages(new FixedLengthStrategy({ messageBytes: 3 }), [
    Buffer.from('abcde'),
    Buffer.from('fgh'),
  ])
  t.deepEqual(messages.map(String), ['abc', 'def'])
})

test('a message of another length is not sent', (t) => {
  const strategy = new FixedLengthStrategy({ messageBytes: 3 })
  const message = Buffer.from('abc')
  t.deepEqual(strategy.encode(message), [message])
  for (const text of ['', 'ab', 'abcd']) {
    t.throws(() => strategy.encode(Buffer.from(text)), { code: 'ERR_CARILLON_FRAME_LENGTH' })
  }
})

test('a length out of range is refused', (t) => {
  for (const messageBytes of [0, -1, 1.5, 2 ** 30]) {
    t.throws(() => new FixedLengthStrategy({ messageBytes }), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  t.is(new FixedLengthStrategy({ messageBytes: 2 ** 30 - 1 }).messageBytes, 2 ** 30 - 1)
})
