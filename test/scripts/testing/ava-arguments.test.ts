import { join } from 'node:path'
import test from 'ava'
import { importScript, REPOSITORY } from '../../support/repository.ts'

const { avaArguments } = await importScript<{
  avaArguments(root: string, words: string[]): string[]
}>('testing/ava-arguments.mjs')

const argumentsOf = (...words: string[]) => avaArguments(REPOSITORY, words)

test('a source file stands for its compiled one', (t) => {
  const compiled = 'dist/test/scripts/testing/tally.test.js'
  t.deepEqual(argumentsOf('test/scripts/testing/tally.test.ts'), [compiled])
  t.deepEqual(argumentsOf('./test/scripts/testing/tally.test.ts'), [compiled])
  t.deepEqual(argumentsOf(join(REPOSITORY, 'test/scripts/testing/tally.test.ts')), [compiled])
  t.deepEqual(argumentsOf(compiled), [compiled])
})

test('a folder and a pattern of files stand for the compiled ones', (t) => {
  t.deepEqual(argumentsOf('test/end-to-end'), ['dist/test/end-to-end'])
  t.deepEqual(argumentsOf('test/end-to-end/*.test.ts'), ['dist/test/end-to-end/*.test.js'])
})

test('any other word is a part of a title', (t) => {
  t.deepEqual(argumentsOf('a closing line', 'drops*'), [
    '--match=*a closing line*',
    '--match=drops*',
  ])
})

test("from the first option on, all is AVA's", (t) => {
  t.deepEqual(argumentsOf('bells', '--serial', '--match', 'bells'), [
    '--match=*bells*',
    '--serial',
    '--match',
    'bells',
  ])
})
