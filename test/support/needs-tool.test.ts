import test from 'ava'
import { needsTool } from './needs-tool.ts'

/** Stands for AVA's `test`, and remembers what was declared. */
function recorder() {
  const declared: string[] = []
  const skipped: string[] = []
  const declare = Object.assign((title: string) => void declared.push(title), {
    skip: (title: string) => void skipped.push(title),
  })
  return { declare, declared, skipped }
}

/** Declares a test that needs `tool`, with CI set so. */
function declareWith(ci: string, tool: string) {
  const before = process.env.CI
  process.env.CI = ci
  const { declare, declared, skipped } = recorder()
  needsTool(declare, tool, 'apt-get install bells')('rings', () => {})
  if (before === undefined) delete process.env.CI
  else process.env.CI = before
  return { declared, skipped }
}

test.serial('with its tool, a test runs', (t) => {
  for (const tool of ['sh', '/bin/sh']) {
    t.deepEqual(declareWith('', tool), { declared: ['rings'], skipped: [] })
  }
})

test.serial('without its tool, a test is skipped and says what it needs', (t) => {
  for (const tool of ['no-such-bells', '/no/such/bells']) {
    t.deepEqual(declareWith('', tool), {
      declared: [],
      skipped: [`rings (NEEDS ${tool}: apt-get install bells)`],
    })
  }
})

test.serial('in CI nothing is skipped', (t) => {
  t.deepEqual(declareWith('true', 'no-such-bells'), { declared: ['rings'], skipped: [] })
})
