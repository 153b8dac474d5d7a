import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const run = promisify(execFile)

/** A program on a page of the documentation. */
export interface PageProgram {
  readonly code: string
  /** What the page says that it prints. */
  readonly prints: string | undefined
}

export function readPage(name: string): string {
  return readFileSync(join(REPOSITORY, 'docs', name), 'utf8')
}

export function programsOf(page: string): PageProgram[] {
  return [...page.matchAll(/^```ts\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms)].map(
    ([, code = '', prints]) => ({ code, prints }),
  )
}

/** A project that has Carillon among its packages, with the page's programs, compiled. */
export async function compilePrograms(
  t: ExecutionContext,
  programs: readonly PageProgram[],
): Promise<string> {
  const folder = temporaryFolder(t)
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noImplicitOverride: true,
    skipLibCheck: true,
  }
  write('package.json', JSON.stringify({ type: 'module' }))
  write('tsconfig.json', JSON.stringify({ compilerOptions }))
  // Any port, in place of the one that the page names.
  for (const [at, { code }] of programs.entries()) {
    write(`block-${at}.ts`, code.replace('server.init(5555,', 'server.init(0,'))
  }
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(REPOSITORY, join(folder, 'node_modules/carillon'))
  symlinkSync(join(REPOSITORY, 'node_modules/@types'), join(folder, 'node_modules/@types'))
  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc')
  await run(tsc, ['--pretty', 'false', '-p', folder]).catch(({ stdout }) => t.fail(stdout))
  return folder
}

/** Runs one of them to its end and looks at what it prints. */
export async function runProgram(
  t: ExecutionContext,
  folder: string,
  at: number,
  prints: string | undefined,
): Promise<void> {
  const program = join(folder, `block-${at}.js`)
  const { stdout, stderr } = await run(process.execPath, [program], { cwd: folder })
  t.is(stdout, prints ?? '')
  t.is(stderr, '')
}
