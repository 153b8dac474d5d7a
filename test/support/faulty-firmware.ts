import { readFileSync, writeFileSync } from 'node:fs'
import { bareMetalFirmwarePath } from '../../src/cores/built-firmware.ts'
import { readElfFile } from '../../src/cores/read-elf-file.ts'

/** What a core calls for LIST, and for nothing else. */
const FAULTY = 'stream_add_list'

/**
 * Writes a copy of a board's firmware that does something else with the command LIST.
 *
 * @param instructions in the place of its first ones; by default one that is no instruction (udf).
 * @param original what is copied. Default: what was built for the board.
 */
export async function writeFaultyFirmware(
  path: string,
  { kind }: { readonly kind: string },
  instructions: readonly number[] = [0],
  original = bareMetalFirmwarePath(kind),
): Promise<void> {
  const elf = await readElfFile(original)
  const address = elf.symbols().find(({ name }) => name === FAULTY)?.value ?? 0n
  const text = elf.sections.find(({ name }) => name === '.text')
  if (text === undefined || address < text.address) throw new Error(`there is no ${FAULTY}`)
  const bytes = readFileSync(original)
  instructions.forEach((instruction, at) => {
    bytes.writeUInt32LE(instruction, text.offset + Number(address - text.address) + 4 * at)
  })
  writeFileSync(path, bytes)
}
