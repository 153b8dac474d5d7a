import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

interface What {
  name: string
  suffix?: string
  ingredients: unknown
  doing: string
  make(path: string): void
}

const { keepMade } = await importScript<{
  keepMade(folder: string, what: What, tell: (line: string) => void): string
}>('machine/keep-made.mjs')

/** Makes a file that says how many were made before it. */
function kitchen(t: ExecutionContext) {
  const folder = join(temporaryFolder(t), 'made')
  const told: string[] = []
  let count = 0
  const what = (ingredients: unknown): What => ({
    name: 'cake',
    suffix: '.txt',
    ingredients,
    doing: `Baking ${JSON.stringify(ingredients)}`,
    make: (path) => writeFileSync(path, `${count++}`),
  })
  return {
    folder,
    told,
    what,
    keep: (made: What) => keepMade(folder, made, (line) => told.push(line)),
  }
}

test('what is made of the same is made once', (t) => {
  const { keep, what, told } = kitchen(t)
  const first = keep(what(['flour', 1]))
  t.is(keep(what(['flour', 1])), first)
  t.not(keep(what(['flour', 2])), first)
  t.is(readFileSync(first, 'utf8'), '0')
  t.deepEqual(told, ['Baking ["flour",1]', 'Baking ["flour",2]'])
  t.regex(basename(first), /^cake-[0-9a-f]{16}\.txt$/)
})

test('what was not finished is not there, and leaves nothing', (t) => {
  const { keep, what, folder } = kitchen(t)
  const burnt = {
    ...what('dough'),
    make: (path: string) => {
      writeFileSync(path, 'half')
      throw new Error('the oven is cold')
    },
  }
  t.throws(() => keep(burnt), { message: 'the oven is cold' })
  t.deepEqual(readdirSync(folder), [])
  t.is(readFileSync(keep(what('dough')), 'utf8'), '0')
})

test('what somebody else has made meanwhile is as good', (t) => {
  const { keep, what } = kitchen(t)
  const folderOf = (path: string) => {
    mkdirSync(path)
    writeFileSync(join(path, 'file'), '')
  }
  const shared: What = { ...what('bread'), make: folderOf }
  let outer = ''
  const late: What = {
    ...shared,
    make: (path) => {
      outer = keep(shared)
      folderOf(path)
    },
  }
  t.is(keep(late), outer)
  t.deepEqual(readdirSync(outer), ['file'])
})

test('the four that were used last are kept, and nothing else is touched', (t) => {
  const { keep, what, folder } = kitchen(t)
  const made = [1, 2, 3, 4].map((each) => keep(what(each)))
  const other = join(folder, 'cake-of-another-kind.txt')
  writeFileSync(other, '')
  // The first was made first and used last.
  for (const [index, path] of made.entries()) utimesSync(path, 1000 + index, 1000 + index)
  t.is(keep(what(1)), made[0] ?? '')
  made.push(keep(what(5)))
  t.deepEqual(
    made.map((path) => existsSync(path)),
    [true, false, true, true, true],
  )
  t.true(existsSync(other))
})

test('what a killed build has left goes after a day', (t) => {
  const { keep, what, folder } = kitchen(t)
  for (const [name, ageS] of [
    ['.unfinished-old', 25 * 3600],
    ['.unfinished-new', 23 * 3600],
  ] as const) {
    mkdirSync(join(folder, name), { recursive: true })
    const usedS = Date.now() / 1000 - ageS
    utimesSync(join(folder, name), usedS, usedS)
  }
  keep(what('dough'))
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    ['.unfinished-new'],
  )
})
