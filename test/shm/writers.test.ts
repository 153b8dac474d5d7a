import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { type FieldType, fieldType, type Side, type StructType } from '../../src/shm/layout.ts'
import { STRUCTS } from '../../src/shm/shared-mem.ts'
import { REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const SIDES: readonly Side[] = ['host', 'core', 'producer', 'consumer', 'reader']

/** Two minutes: the type checker starts from nothing, beside other tests. */
const TYPE_CHECK_MS = 120_000

/** A statement that writes to shared memory, and whether it may. */
interface Write {
  readonly statement: string
  readonly isAllowed: boolean
}

const VALUES: Readonly<Record<string, string>> = { text: "''", u64: '0n' }

/** Every write to a field of the struct, and to all that is in it. */
function writesTo(declared: StructType, view: string, side: Side): Write[] {
  return Object.entries(declared.fields).flatMap(([field, inner]) => {
    const writer = inner.kind === 'owned' ? inner.writer : declared.writer
    return writes(fieldType(inner), `${view}.${field}`, side, writer === side)
  })
}

function writes(type: FieldType, place: string, side: Side, isAllowed: boolean): Write[] {
  // A struct or an array is a place in memory: nobody puts another one there.
  const whole = { statement: `${place} = ${place}`, isAllowed: false }
  if (type.kind === 'struct') return [whole, ...writesTo(type, place, side)]
  if (type.kind !== 'array') {
    return [{ statement: `${place} = ${VALUES[type.kind] ?? '0'}`, isAllowed }]
  }
  const element = `${place}[0]`
  // Its elements may be missing; what is in one is looked at where it is not.
  return type.element.kind === 'struct'
    ? [whole, ...writesTo(type.element, `${element}!`, side)]
    : [whole, ...writes(type.element, element, side, isAllowed)]
}

/** What the type checker says of each line. */
async function typeCheck(folder: string, lines: readonly string[]): Promise<Map<number, string>> {
  writeFileSync(join(folder, 'writes.ts'), lines.join('\n'))
  const settings = {
    extends: join(REPOSITORY, 'tsconfig.json'),
    compilerOptions: {
      ...{ noEmit: true, incremental: false, declaration: false, sourceMap: false },
      ...{ rewriteRelativeImportExtensions: false, allowImportingTsExtensions: true },
      ...{ rootDir: '/', typeRoots: [join(REPOSITORY, 'node_modules/@types')] },
    },
    include: [],
    files: ['writes.ts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc')
  const output = await new Promise<string>((resolve) => {
    execFile(
      tsc,
      ['--project', folder, '--pretty', 'false'],
      { maxBuffer: 64 * 1024 * 1024 },
      (_, stdout, stderr) => resolve(stdout + stderr),
    )
  })
  const errors = new Map<number, string>()
  for (const line of output.split('\n').filter((one) => /^\S/.test(one))) {
    const [, row, code] = /writes\.ts\((\d+),\d+\): error (TS\d+)/.exec(line) ?? []
    if (row === undefined || code === undefined) throw new Error(`the type checker says: ${line}`)
    errors.set(Number(row) - 1, code)
  }
  return errors
}

test('a write type-checks where its side is the writer, and nowhere else', async (t) => {
  t.timeout(TYPE_CHECK_MS)
  const head = [
    `import type { STRUCTS } from '${REPOSITORY}/src/shm/shared-mem.ts'`,
    `import type { StructView } from '${REPOSITORY}/src/shm/struct-view.ts'`,
  ]
  const lines: string[] = [...head]
  const allowed = new Map<number, boolean>()
  for (const [index, declared] of STRUCTS.entries()) {
    for (const side of SIDES) {
      const view = `${declared.name}_${side}`
      lines.push(`declare const ${view}: StructView<(typeof STRUCTS)[${index}], '${side}'>`)
      for (const { statement, isAllowed } of writesTo(declared, view, side)) {
        allowed.set(lines.length, isAllowed)
        lines.push(`;${statement}`)
      }
    }
  }
  t.true(allowed.size > 500)
  t.true([...allowed.values()].includes(true))
  t.true(lines.includes(';shared_mem_host.status[0]!.state = 0'))
  t.true(lines.includes(';shared_mem_host.faults[0]!.lines[0]!.level = 0'))
  const errors = await typeCheck(temporaryFolder(t), lines)
  // "Cannot assign to … because it is a read-only property", the same of an element of an array, and
  // nothing else.
  t.deepEqual([...new Set(errors.values())].sort(), ['TS2540', 'TS2542'])
  const wrong = [...allowed].filter(([line, isAllowed]) => errors.has(line) === isAllowed)
  t.deepEqual(
    wrong.map(([line]) => lines[line]),
    [],
  )
  t.deepEqual(
    [...errors.keys()].filter((line) => !allowed.has(line)),
    [],
  )
})
