import test from 'ava'
import fc from 'fast-check'
import { printable } from '../src/printable.ts'

test('plain text stays as it is, up to 64 characters', (t) => {
  t.is(printable('Zoë’s 🎻'), 'Zoë’s 🎻')
  t.is(printable('x'.repeat(64)), 'x'.repeat(64))
  t.is(printable('x'.repeat(65)), `${'x'.repeat(64)}…`)
  t.is(printable('🎻'.repeat(65)), `${'🎻'.repeat(64)}…`)
})

test('nothing that acts on a terminal, and no half character, is left', (t) => {
  t.is(printable('\u001b[31mred\r\n\u0000\u202e\ud800'), '�[31mred�����')
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const shown = printable(text)
      t.true(Array.from(shown).length <= 65)
      t.notRegex(shown, /[\p{Cc}\p{Cf}\p{Cs}]/u)
    }),
  )
})
