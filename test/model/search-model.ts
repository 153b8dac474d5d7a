import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const run = promisify(execFile)

/** Memory of a search: the largest of ours takes half of it. */
const MEMORY_MIB_MAX = 1024
/** Of each program that is run; the longest of ours is done in ten seconds where it has a core. */
const TIMEOUT_MS = 5 * 60_000

/** How to search: what the compiler is told, and the checker. */
const EFFORTS = {
  /** Through all states. The deepest run of ours has half as many steps. */
  all: { compiling: ['-O1'], searching: ['-m1000000', '-w22'] },
  /**
   * Up to the first violation, which soon comes: it is not worth to compile it well. The other way round
   * ours are found sooner.
   */
  first: { compiling: ['-O0', '-DREVERSE', '-DT_REVERSE'], searching: ['-m200000', '-w20'] },
} as const

/** What the search of all states of a model has found. */
export interface Search {
  /** The property that does not hold, and in which state that was; undefined where all hold. */
  readonly violation: string | undefined
  /** Whether every state was looked at: with a violation never. */
  readonly isExhaustive: boolean
  /** States that are different. */
  readonly states: number
  /** Statements that no run came to, as `file:line: statement`. */
  readonly unreached: readonly string[]
  /** What the checker printed. */
  readonly report: string
}

/**
 * Searches all states of `test/model/NAME.pml`, up to the first in which a property does not hold.
 *
 * @param defines preprocessor switches: faults, sizes.
 * @param effort whether it is for `all` states, or for the `first` violation, which is known to be there.
 */
export async function searchModel(
  t: ExecutionContext<unknown>,
  name: string,
  defines: readonly string[],
  effort: keyof typeof EFFORTS,
): Promise<Search> {
  const cwd = temporaryFolder(t)
  const options = { cwd, timeout: TIMEOUT_MS, maxBuffer: 1 << 24 }
  const model = join(REPOSITORY, 'test/model', `${name}.pml`)
  const { compiling, searching } = EFFORTS[effort]
  const checks = ['-w', '-DSAFETY', `-DMEMLIM=${MEMORY_MIB_MAX}`]
  await run('spin', ['-a', ...defines.map((define) => `-D${define}`), model], options)
  await run('gcc', [...compiling, ...checks, '-o', 'pan', 'pan.c'], options)
  const { stdout } = await run(join(cwd, 'pan'), [...searching], options)
  return parseReport(stdout)
}

/** Reads what pan prints at the end of a search. */
export function parseReport(report: string): Search {
  const errors = /errors: (\d+)/.exec(report)?.[1]
  const states = Number(/(\d+) states, stored/.exec(report)?.[1])
  if (errors === undefined || !(states > 0)) throw new Error(`no search has ended:\n${report}`)
  const violation = /pan:1: (.*)/.exec(report)?.[1]
  const isCutShort = /search depth too small|Search not completed|out of memory/.test(report)
  return {
    violation,
    isExhaustive: errors === '0' && violation === undefined && !isCutShort,
    states,
    unreached: unreachedStatements(report),
    report,
  }
}

/**
 * A process that serves for ever never ends. And in the middle of an atomic step nobody is killed, so
 * that of the two ways out of such a state one is not taken.
 */
function unreachedStatements(report: string): string[] {
  const lines = [...report.matchAll(/^\t(.*):(\d+), state (\d+), "(.*)"$/gm)].map(
    ([, file = '', line = '', state = '', statement = '']) => ({
      where: `${file.split('/').at(-1)}:${line}`,
      state: `${file}:${line}, ${state}`,
      statement,
    }),
  )
  const escapes = new Set(
    lines.filter(({ statement }) => statement === '(is_dead)').map(({ state }) => state),
  )
  return lines
    .filter(({ state, statement }) => statement !== '-end-' && !escapes.has(state))
    .map(({ where, statement }) => `${where}: ${statement}`)
}
