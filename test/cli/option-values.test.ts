import test from 'ava'
import { parseChoice, parseDecimal, parseInteger } from '../../src/cli/option-values.ts'

test('a whole number is read from the least to the most', (t) => {
  const parse = parseInteger('--port', 0, 65_535)
  t.is(parse('0'), 0)
  t.is(parse('65535'), 65_535)
  for (const text of ['65536', '-1', '1e3', '1.5', ' 1', '', 'http', '9'.repeat(400)]) {
    t.throws(() => parse(text), {
      code: 'ERR_CARILLON_USAGE',
      message: `--port takes a whole number from 0 to 65535, not "${text}"`,
    })
  }
})

test('a number is read from the least to the most, with decimals or without', (t) => {
  const parse = parseDecimal('--interval', 0.1, 10)
  t.deepEqual(['0.1', '10', '1.25'].map(parse), [0.1, 10, 1.25])
  for (const text of ['0.09', '10.1', '-1', '1e0', '.5', '1.', '', 'NaN', 'Infinity', '0x1']) {
    t.throws(() => parse(text), {
      code: 'ERR_CARILLON_USAGE',
      message: `--interval takes a number from 0.1 to 10, not "${text}"`,
    })
  }
})

test('a choice is one of its words, which a slip is told', (t) => {
  const parse = parseChoice('--format', ['s16', 'f32'])
  t.is(parse('f32'), 'f32')
  for (const text of ['float', 'F32', '']) {
    t.throws(() => parse(text), {
      code: 'ERR_CARILLON_USAGE',
      message: `--format takes one of s16, f32, not "${text}"`,
    })
  }
  t.throws(() => parseChoice('--core', ['hosted'])('magnetic'), {
    message: '--core takes hosted, not "magnetic"',
  })
})
