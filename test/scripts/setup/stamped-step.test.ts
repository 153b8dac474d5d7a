import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

interface Step {
  isFresh(): boolean
  run(): void
}

const { stampedStep } = await importScript<{
  stampedStep(
    root: string,
    step: { name: string; inputs(): string[]; outputs(): string[]; run(): void },
  ): Step
}>('setup/stamped-step.mjs')

/** A step that makes `out/made` from the folder `in`. */
function copyingStep(t: ExecutionContext, run?: () => void) {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'in'))
  mkdirSync(join(root, 'out'))
  const write = (file: string, text: string) => writeFileSync(join(root, file), text)
  write('in/source', 'one')
  const step = stampedStep(root, {
    name: 'copy',
    inputs: () => ['in', 'absent'],
    outputs: () => ['out'],
    run: run ?? (() => write('out/made', 'from one')),
  })
  return { root, step, write }
}

test('a step is stale until it has run, and fresh then', (t) => {
  const { step } = copyingStep(t)
  t.false(step.isFresh())
  step.run()
  t.true(step.isFresh())
})

test('writing the same content again changes nothing', (t) => {
  const { step, write } = copyingStep(t)
  step.run()
  write('in/source', 'one')
  t.true(step.isFresh())
})

for (const [what, change] of [
  ['an input is edited', (root: string) => writeFileSync(join(root, 'in/source'), 'two')],
  ['an input is added', (root: string) => writeFileSync(join(root, 'in/more'), '')],
  ['an absent input appears', (root: string) => writeFileSync(join(root, 'absent'), '')],
  ['an input is deleted', (root: string) => rmSync(join(root, 'in/source'))],
  ['an output is edited', (root: string) => writeFileSync(join(root, 'out/made'), 'by hand')],
  ['an output is deleted', (root: string) => rmSync(join(root, 'out/made'))],
  ['dist is deleted', (root: string) => rmSync(join(root, 'dist'), { recursive: true })],
] as const) {
  test(`a step is stale when ${what}`, (t) => {
    const { root, step } = copyingStep(t)
    step.run()
    change(root)
    t.false(step.isFresh())
  })
}

test('content cannot move from one file to the next unseen', (t) => {
  const { step, write } = copyingStep(t)
  write('in/next', 'two')
  step.run()
  write('in/source', 'onet')
  write('in/next', 'wo')
  t.false(step.isFresh())
})

test('a step that fails stays stale', (t) => {
  const { step } = copyingStep(t, () => {
    throw new Error('no')
  })
  t.throws(() => step.run(), { message: 'no' })
  t.false(step.isFresh())
})

test('an edit while the step runs makes it stale', (t) => {
  const { root, step } = copyingStep(t, () => writeFileSync(join(root, 'in/source'), 'edited'))
  step.run()
  t.false(step.isFresh())
})
