import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Command } from 'commander'
import { readResults } from '../../bench/results.ts'
import type { Plan } from '../../bench/rounds.ts'
import { addAllCommand, type Suite } from '../../bench/suite-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { resultsOf, seriesOf } from './results-of.ts'

function suite(name: string, run: (plan: Plan) => void): Suite {
  return {
    ...{ name, description: name, cellNames: ['one', 'two'] },
    async run(plan) {
      run(plan)
      return resultsOf([seriesOf('carillon', 'messagesPerS', [1])], { suite: name })
    },
    report: () => name,
  }
}

test.serial('all suites are run one after the other, each with a file of its own', async (t) => {
  const folder = temporaryFolder(t)
  const plans: [string, Plan][] = []
  const suites = ['first', 'second'].map((name) => suite(name, (plan) => plans.push([name, plan])))
  const program = new Command().exitOverride()
  addAllCommand(program, suites)
  await program.parseAsync(['all', '--quick', '--rounds', '3', '--out', folder], { from: 'user' })
  const plan = { isQuick: true, rounds: 3, cells: ['one', 'two'] }
  t.deepEqual(plans, [
    ['first', plan],
    ['second', plan],
  ])
  t.deepEqual(readdirSync(folder), ['first.json', 'second.json'])
  t.is(readResults(join(folder, 'second.json')).suite, 'second')
})

test.serial('a suite that fails ends all', async (t) => {
  const folder = temporaryFolder(t)
  const failing = suite('first', () => {
    throw new Error('no luck')
  })
  const never = suite('second', () => t.fail())
  const program = new Command().exitOverride()
  addAllCommand(program, [failing, never])
  const run = program.parseAsync(['all', '--quick', '--out', folder], { from: 'user' })
  await t.throwsAsync(run, { message: 'no luck' })
  t.deepEqual(readdirSync(folder), [])
})
