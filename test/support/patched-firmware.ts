import { readFileSync, writeFileSync } from 'node:fs'
import { HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { ElfFile } from '../../src/cores/elf-file.ts'
import type { LayoutRow } from '../../src/shm/layout.ts'
import { DECLARED, layoutImage } from './layout-image.ts'

/** Writes a copy of the hosted firmware whose table has these rows, as many as the real one. */
export function writePatchedFirmware(path: string, change: (row: LayoutRow) => LayoutRow): void {
  const bytes = readFileSync(HOSTED_FIRMWARE)
  const elf = new ElfFile(HOSTED_FIRMWARE, bytes)
  const section = elf.sections.find(({ name }) => name === '.layout_table')
  const table = layoutImage({ rows: DECLARED.map(change) })
  if (section?.fileBytes !== table.length) throw new Error('the firmware has another table')
  bytes.set(table, section.offset)
  writeFileSync(path, bytes, { mode: 0o755 })
}
