import test from 'ava'
import fc from 'fast-check'
import { parseEffectOption } from '../../src/cli/effect-option.ts'
import { errorCode } from '../../src/errors.ts'

function parsed(text: string) {
  const { name, parameters } = parseEffectOption(text)
  return [name, Object.fromEntries(parameters)]
}

test('an effect is a name and its parameters', (t) => {
  t.deepEqual(parsed('gain:db=-6'), ['gain', { db: { numbers: [-6] } }])
  t.deepEqual(parsed('peak:hz=1000,q=0.7,db=3'), [
    'peak',
    { hz: { numbers: [1000] }, q: { numbers: [0.7] }, db: { numbers: [3] } },
  ])
  t.deepEqual(parsed('bypass'), ['bypass', {}])
})

test('numbers are written in decimal', (t) => {
  const text = 'x:a=+1,b=.5,c=2.,d=1e3,e=-2.5E-2,f=007'
  t.deepEqual(parsed(text)[1], {
    ...{ a: { numbers: [1] }, b: { numbers: [0.5] }, c: { numbers: [2] } },
    ...{ d: { numbers: [1000] }, e: { numbers: [-0.025] }, f: { numbers: [7] } },
  })
})

test('items without a key continue the list', (t) => {
  t.deepEqual(parsed('fir:taps=0.25,0.5,0.25'), ['fir', { taps: { numbers: [0.25, 0.5, 0.25] } }])
  t.deepEqual(parsed('x:a=1,2,b=3,4,5,c=6')[1], {
    ...{ a: { numbers: [1, 2] }, b: { numbers: [3, 4, 5] }, c: { numbers: [6] } },
  })
})

test('a file is named by its ending or its path', (t) => {
  for (const wavPath of ['ir.wav', 'IR.WAV', './impulse', '/tmp/a=b:c.wav', '1.wav', 'a\\b']) {
    t.deepEqual(parsed(`fir:taps=${wavPath}`), ['fir', { taps: { wavPath } }])
  }
})

test('any text is an effect or is refused', (t) => {
  const some = fc.constantFrom(
    'fir',
    'hz',
    ':',
    ',',
    '=',
    '1',
    '-.5e3',
    'a.wav',
    ' ',
    '\u0000',
    'é',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(some).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const { name, parameters } = parseEffectOption(text)
        t.true(text.startsWith(name) && name !== '')
        for (const value of parameters.values()) {
          t.true('wavPath' in value || value.numbers.every(Number.isFinite))
        }
      } catch (error) {
        t.is(errorCode(error), 'ERR_CARILLON_EFFECT_SYNTAX')
      }
    }),
  )
})

test('any numbers are read as they were written', (t) => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1 }), (numbers) => {
      // Adding 0 turns -0, which is not written, into 0.
      const expected = numbers.map((number) => number + 0)
      t.deepEqual(parsed(`fir:taps=${numbers.join(',')}`)[1], { taps: { numbers: expected } })
    }),
  )
})

for (const [text, says] of [
  ['', /the name is missing/],
  [':db=1', /the name is missing/],
  ['gain:', /a value is missing/],
  ['gain:db=', /a value is missing/],
  ['gain:db=1,', /a value is missing/],
  ['gain:=1', /"1" has no key/],
  ['gain:1', /"1" has no key/],
  ['fir:room.wav', /"room\.wav" has no key/],
  ['lowpass:hz', /"hz" has no value/],
  ['lowpass:hz,q=1', /"hz" has no value/],
  ['gain:db=1,db=2', /"db" is there twice/],
  ['gain:db=loud', /db is "loud", which is not a number/],
  ['gain:db=0x10', /db is "0x10", which is not a number/],
  ['gain:db= 1', /db is " 1", which is not a number/],
  ['gain:db=Infinity', /db is "Infinity", which is not a number/],
  ['gain:db=NaN', /db is "NaN", which is not a number/],
  ['gain:db=1e999', /db is 1e999, which is too large/],
  ['fir:taps=0.5,ir.wav', /taps is "ir.wav", which is not a number/],
  ['fir:taps=a.wav,b.wav', /taps is "a.wav", which is not a number/],
] as const) {
  test(`what is no effect is refused: "${text}"`, (t) => {
    const error = t.throws(() => parseEffectOption(text), {
      ...{ code: 'ERR_CARILLON_EFFECT_SYNTAX', message: says },
    })
    t.true(error.message.includes(`in "${text}"`), error.message)
  })
}
