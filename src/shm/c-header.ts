import { cType } from './c-type.ts'
import { FIRMWARE_INTERFACE, FIRMWARE_NOTE_STRUCTS, FIRMWARE_NOTE_TYPE } from './firmware-note.ts'
import { fieldType, type StructType } from './layout.ts'
import { LAYOUT_TABLE_MAGIC, LAYOUT_TABLE_STRUCTS, LAYOUT_TABLE_VERSION } from './layout-table.ts'
import {
  COMMAND,
  CORE_STATE,
  EVENT,
  FAULT_KIND,
  LAYOUT_HASH,
  LAYOUT_VERSION,
  LIMITS,
  MPSC_MAGIC,
  MPSC_SLOT_BYTES,
  MPSC_STATE,
  NONE,
  PARAM_FLAG,
  RECORD_FLAG,
  REGION_MAGIC,
  RING_KIND,
  SCALE,
  STATUS,
  STREAM_FLAG,
  STRUCTS,
  TRACE_LEVEL,
} from './shared-mem.ts'
import { snakeCase } from './snake-case.ts'

const HEAD = `// Generated from src/shm/shared-mem.ts, which explains every name. Do not edit.
//
// The layout of the memory that host and cores share. A static assert checks each offset,
// size and alignment.
#ifndef CARILLON_SHARED_MEM_H
#define CARILLON_SHARED_MEM_H

#include <stddef.h>
#include <stdint.h>
`

/** The C header of the shared layout, as `firmware/include/carillon/shared_mem.h` holds it. */
export function cHeader(): string {
  return [
    HEAD,
    defines({
      REGION_MAGIC,
      LAYOUT_VERSION,
      LAYOUT_HASH,
      ...LIMITS,
      NONE,
      MPSC_MAGIC,
      MPSC_SLOT_BYTES,
      LAYOUT_TABLE_MAGIC,
      LAYOUT_TABLE_VERSION,
      FIRMWARE_INTERFACE,
      FIRMWARE_NOTE_TYPE,
    }),
    enumeration('command', 'COMMAND', COMMAND),
    enumeration('event', 'EVENT', EVENT),
    enumeration('status', 'STATUS', STATUS),
    enumeration('core_state', 'CORE', CORE_STATE),
    enumeration('fault_kind', 'FAULT', FAULT_KIND),
    enumeration('trace_level', 'TRACE', TRACE_LEVEL),
    enumeration('record_flag', 'RECORD', RECORD_FLAG),
    enumeration('ring_kind', 'RING', RING_KIND),
    enumeration('mpsc_state', 'MPSC', MPSC_STATE),
    enumeration('stream_flag', 'STREAM', STREAM_FLAG),
    enumeration('param_flag', 'PARAM', PARAM_FLAG),
    enumeration('scale', 'SCALE', SCALE),
    ...[...STRUCTS, ...LAYOUT_TABLE_STRUCTS, ...FIRMWARE_NOTE_STRUCTS].map(cStruct),
    rowList(STRUCTS),
    '#endif\n',
  ].join('\n')
}

function defines(values: Record<string, number>): string {
  return Object.entries(values)
    .map(([name, value]) => `#define CARILLON_${name} ${literal(value)}\n`)
    .join('')
}

function literal(value: number): string {
  return value > 0x7fffffff ? `0x${value.toString(16)}u` : `${value}u`
}

function enumeration(name: string, prefix: string, values: Record<string, number>): string {
  const lines = Object.entries(values).map(
    ([key, value]) => `    CARILLON_${prefix}_${key} = ${value},\n`,
  )
  return `enum carillon_${name} {\n${lines.join('')}};\n`
}

function cStruct(declared: StructType): string {
  const type = `struct carillon_${declared.name}`
  // The attribute, and not _Alignas on a member, so that the size is rounded up as well.
  const aligned = declared.align > 8 ? ` __attribute__((aligned(${declared.align})))` : ''
  const members = Object.entries(declared.fields).map(([field, inner]) => {
    const { base, suffix } = cType(fieldType(inner))
    return `    ${base} ${snakeCase(field)}${suffix};\n`
  })
  const offsets = Object.entries(declared.offsets).map(
    ([field, offset]) =>
      `_Static_assert(offsetof(${type}, ${snakeCase(field)}) == ${offset}, "${declared.name}.${snakeCase(field)}");\n`,
  )
  return [
    `// ${declared.summary}\n`,
    `${type} {\n${members.join('')}}${aligned};\n`,
    `_Static_assert(sizeof(${type}) == ${declared.bytes}, "${declared.name}");\n`,
    // Sizes and offsets may agree where alignments do not: x86-32 aligns a double to 4 in a struct.
    `_Static_assert(_Alignof(${type}) == ${declared.align}, "alignment of ${declared.name}");\n`,
    ...offsets,
  ].join('')
}

/** Every struct and field as arguments of two macros, so that C can tell what it made of each. */
function rowList(structs: readonly StructType[]): string {
  const rows = structs.flatMap(({ name, fields }) => [
    `STRUCT(${name})`,
    ...Object.keys(fields).map((field) => `FIELD(${name}, ${snakeCase(field)})`),
  ])
  return [
    '// Every struct of the layout, each followed by its fields.\n',
    `#define CARILLON_LAYOUT_ROWS(STRUCT, FIELD) \\\n    ${rows.join(' \\\n    ')}\n`,
  ].join('')
}
