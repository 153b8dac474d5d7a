import test from 'ava'
import fc from 'fast-check'
import { type DelimiterOptions, DelimiterStrategy } from '../../src/framing/delimiter-strategy.ts'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import { cutAt, encodeAll, readMessages, someCuts } from './read-messages.ts'

const read = (options: DelimiterOptions, text: string) =>
  readMessages(new DelimiterStrategy(options), [Buffer.from(text)]).messages.map(String)

test('messages stand in front of their delimiters, empty ones too', (t) => {
  t.deepEqual(read({ delimiter: ';' }, 'a;;bc;rest'), ['a', '', 'bc'])
  t.deepEqual(read({ delimiter: '<>' }, '<>a<b>c<<>>'), ['', 'a<b>c<'])
  t.deepEqual(read({ delimiter: Buffer.from([0xff, 0]) }, 'none'), [])
})

test('of several delimiters the first one counts, and of two that end together the longer', (t) => {
  const delimiter = ['\n', '\r\n']
  t.deepEqual(read({ delimiter }, 'a\r\nb\nc\r\r\n'), ['a', 'b', 'c\r'])
  t.deepEqual(read({ delimiter: ['abab', 'bb'] }, 'xababb!abb'), ['x', 'b!a'])
})

test('a delimiter can be kept', (t) => {
  const options = { delimiter: ['\n', '\r\n'], stripDelimiter: false }
  t.deepEqual(read(options, 'a\r\n\nb'), ['a\r\n', '\n'])
  const strategy = new DelimiterStrategy(options)
  const message = Buffer.from('a\r\n')
  t.deepEqual(strategy.encode(message), [message])
  for (const wrong of ['a', '', 'a\nb\n', '\n\n', 'a\n\r']) {
    t.throws(() => strategy.encode(Buffer.from(wrong)), { code: 'ERR_CARILLON_MESSAGE_HAS_END' })
  }
})

test('any set of delimiters is found as a plain search finds them, wherever the stream is cut', (t) => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 })
  let found = 0
  fc.assert(
    fc.property(
      fc.uniqueArray(word, { minLength: 1, maxLength: 4 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 }),
      someCuts,
      (delimiter, text, cuts) => {
        fc.pre(!delimiter.some((one) => delimiter.some((other) => isInTheWay(one, other))))
        const { messages } = readMessages(
          new DelimiterStrategy({ delimiter }),
          cutAt(Buffer.from(text), cuts),
        )
        const expected = splitPlainly(text, delimiter)
        t.deepEqual(messages.map(String), expected)
        found += expected.length
      },
    ),
    { numRuns: 1000 },
  )
  t.true(found > 100)
})

test('what could not be read back is not sent', (t) => {
  const words = fc.string({ unit: fc.constantFrom('a', 'b', '<', '>'), maxLength: 8 })
  for (const delimiter of [['<>'], ['aa'], ['b', '>b'], ['<<a', 'ba']]) {
    const strategy = new DelimiterStrategy({ delimiter })
    fc.assert(
      fc.property(words, (text) => {
        const stream = `${text}${delimiter[0]}`
        const read = splitPlainly(stream, delimiter)
        if (read.length === 1 && read[0] === text) {
          t.is(encodeAll(strategy, [Buffer.from(text)]).toString(), stream)
        } else {
          t.throws(() => strategy.encode(Buffer.from(text)), {
            code: 'ERR_CARILLON_MESSAGE_HAS_END',
          })
        }
      }),
    )
  }
})

test('sending does not disturb what is being received', (t) => {
  const strategy = new DelimiterStrategy({ delimiter: '<>' })
  const info = new FullMessageInfo()
  strategy.processData(Buffer.from('half<'), info)
  strategy.encode(Buffer.from('>other<'))
  strategy.processData(Buffer.from('>'), info)
  t.is(info.buffer.toString(), 'half')
})

test('delimiters that cannot be are refused', (t) => {
  const wrong = [
    [],
    '',
    ['a', ''],
    ['a', 'a'],
    ['a', 'ab'],
    ['b', 'abc'],
    'x'.repeat(256),
    ['x'.repeat(128), 'y'.repeat(128)],
  ]
  for (const delimiter of wrong) {
    t.throws(() => new DelimiterStrategy({ delimiter }), { code: 'ERR_CARILLON_ARGUMENT' })
  }
  const right = [['b', 'ab'], 'x'.repeat(255), ['x'.repeat(128), 'y'.repeat(127)]]
  for (const delimiter of right) {
    const strategy = new DelimiterStrategy({ delimiter })
    t.deepEqual(readMessages(strategy, [encodeAll(strategy, [Buffer.from('m')])]).messages, [
      Buffer.from('m'),
    ])
  }
})

const isInTheWay = (one: string, other: string) => one !== other && other.slice(0, -1).includes(one)

/** The messages of `text`: at each place, is there a delimiter that ends here? */
function splitPlainly(text: string, delimiters: readonly string[]): string[] {
  const messages: string[] = []
  let start = 0
  for (let end = 1; end <= text.length; end++) {
    const frame = text.slice(start, end)
    const ends = delimiters.filter((delimiter) => frame.endsWith(delimiter))
    if (ends.length === 0) continue
    messages.push(frame.slice(0, -Math.max(...ends.map(({ length }) => length))))
    start = end
  }
  return messages
}
