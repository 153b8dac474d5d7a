import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import test from 'ava'
import type { Soak } from '../support/soak.ts'

/** Enough for every kind of thing to happen once; `npm run soak -- NAME` does it for minutes. */
const SMALL = { durationMs: 3000, clients: 12 }

const files = readdirSync(import.meta.dirname).filter((file) => /^[a-z-]+\.js$/.test(file))

for (const file of files) {
  test(`a small soak: ${basename(file, '.js')}`, async (t) => {
    t.timeout(2 * 60_000)
    const { soak, summary }: Soak = await import(`./${file}`)
    t.not(summary, '')
    await soak({ teardown: t.teardown, progress: () => {}, ...SMALL })
  })
}

test('there are soaks', (t) => {
  t.deepEqual(files.sort(), [
    'clients.js',
    'corruption.js',
    'kills.js',
    'ring-kills.js',
    'rings.js',
    'senders.js',
    'vanish.js',
  ])
})
