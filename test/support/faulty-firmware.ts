import { readFileSync, writeFileSync } from 'node:fs'
import { readElfFile } from '../../src/cores/read-elf-file.ts'
import { VIRT_FIRMWARE } from '../../src/cores/virt-firmware.ts'

/** What a core calls for LIST, and for nothing else. */
const FAULTY = 'stream_add_list'

/**
 * Writes a copy of the bare-metal firmware that does something else with the command LIST.
 *
 * @param instructions in the place of its first ones; by default one that is no instruction (udf).
 */
export async function writeFaultyFirmware(
  path: string,
  instructions: readonly number[] = [0],
): Promise<void> {
  const elf = await readElfFile(VIRT_FIRMWARE)
  const address = elf.symbols().find(({ name }) => name === FAULTY)?.value ?? 0n
  const text = elf.sections.find(({ name }) => name === '.text')
  if (text === undefined || address < text.address) throw new Error(`there is no ${FAULTY}`)
  const bytes = readFileSync(VIRT_FIRMWARE)
  instructions.forEach((instruction, at) => {
    bytes.writeUInt32LE(instruction, text.offset + Number(address - text.address) + 4 * at)
  })
  writeFileSync(path, bytes)
}
