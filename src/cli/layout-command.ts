import type { Command } from 'commander'
import { compareElfLayout, layoutDifference } from '../cores/compare-elf-layout.ts'
import { machineName } from '../cores/elf-machine.ts'
import { readElfFile } from '../cores/read-elf-file.ts'
import type { StructType } from '../shm/layout.ts'
import { showDifferences } from '../shm/layout-difference.ts'
import { STRUCTS } from '../shm/shared-mem.ts'
import { listStruct } from '../shm/struct-listing.ts'
import { UsageError } from './errors.ts'
import { oneLine } from './one-line.ts'
import { print } from './standard-output.ts'

const LEGEND = '// After each member: its offset and size in bytes, and who writes it.\n'

/** Adds `carillon layout` to the program: the shared memory, and whether a firmware has it so. */
export function addLayoutCommand(program: Command): void {
  program
    .command('layout')
    .description('show the structs of the shared memory, or check the layout of a firmware')
    .argument('[STRUCT...]', 'the structs to show, for example core_status (default: all)')
    .option('--check <ELF>', 'compare with what the compiler of this firmware made of them')
    .action(async (names: readonly string[], { check }: { readonly check?: string }) => {
      if (check === undefined) {
        print([LEGEND, ...chosenStructs(names).map(listStruct)].join('\n'))
      } else if (names.length > 0) {
        throw new UsageError('--check compares all structs: it takes no names of structs')
      } else {
        await checkElf(check)
      }
    })
}

/** @throws {UsageError} where there is none of a name. */
function chosenStructs(names: readonly string[]): readonly StructType[] {
  if (names.length === 0) return STRUCTS
  return names.map((name) => {
    const struct = STRUCTS.find((one) => one.name === name.replace(/^carillon_/, ''))
    if (struct !== undefined) return struct
    const all = STRUCTS.map((one) => one.name).join(', ')
    throw new UsageError(`there is no struct "${name}"; there are ${all}`)
  })
}

async function checkElf(path: string): Promise<void> {
  const elf = await readElfFile(path)
  const { structs, fields, differences } = compareElfLayout(elf)
  if (differences.length > 0) {
    print(`${showDifferences(differences, 'declared', `compiled: ${oneLine(path)}`)}\n`)
    throw layoutDifference(path, differences)
  }
  const what = `${elf.bits}-bit ${machineName(elf.machine)}`
  print(`${oneLine(path)} (${what}): ${structs} structs with ${fields} fields agree\n`)
}
