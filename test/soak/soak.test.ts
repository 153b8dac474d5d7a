import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import test from 'ava'
import { VIRT_BOARD } from '../../src/cores/virt-board.ts'
import { boardTest } from '../support/needs-board.ts'
import type { Soak } from '../support/soak.ts'

/** Enough for every kind of thing to happen once; `npm run soak -- NAME` does it for minutes. */
const SMALL = { durationMs: 3000, clients: 12, messages: 8000 }

/** Those that need more than this repository. */
const NEEDY: Readonly<Record<string, typeof test>> = {
  'virt.js': boardTest(VIRT_BOARD) as typeof test,
}

/** Those whose parts run small in other tests: they boot a machine. */
const ELSEWHERE = ['alignment.js', 'machine.js']

const all = readdirSync(import.meta.dirname).filter((file) => /^[a-z-]+\.js$/.test(file))
const files = all.filter((file) => !ELSEWHERE.includes(file))

for (const file of files) {
  const declare = NEEDY[file] ?? test
  declare(`a small soak: ${basename(file, '.js')}`, async (t) => {
    t.timeout(2 * 60_000)
    const { soak, summary }: Soak = await import(`./${file}`)
    t.not(summary, '')
    await soak({ teardown: t.teardown, progress: () => {}, tell: () => {}, ...SMALL })
  })
}

test('there are soaks', (t) => {
  t.deepEqual(all.sort(), [
    'alignment.js',
    'clients.js',
    'corruption.js',
    'kills.js',
    'machine.js',
    'ring-kills.js',
    'rings.js',
    'senders.js',
    'vanish.js',
    'virt.js',
  ])
})
