import { type FieldType, fieldType, type StructType } from './layout.ts'
import {
  COMMAND,
  CORE_STATE,
  EVENT,
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
} from './shared-mem.ts'

const HEAD = `// Generated from src/shm/shared-mem.ts, which explains every name. Do not edit.
//
// The layout of the memory that host and cores share. A static assert checks each offset and size.
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
    }),
    enumeration('command', 'COMMAND', COMMAND),
    enumeration('event', 'EVENT', EVENT),
    enumeration('status', 'STATUS', STATUS),
    enumeration('core_state', 'CORE', CORE_STATE),
    enumeration('record_flag', 'RECORD', RECORD_FLAG),
    enumeration('ring_kind', 'RING', RING_KIND),
    enumeration('mpsc_state', 'MPSC', MPSC_STATE),
    enumeration('stream_flag', 'STREAM', STREAM_FLAG),
    enumeration('param_flag', 'PARAM', PARAM_FLAG),
    enumeration('scale', 'SCALE', SCALE),
    ...STRUCTS.map(cStruct),
    '#endif\n',
  ].join('\n')
}

/** `layoutHash` as C writes it: `layout_hash`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
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
    ...offsets,
  ].join('')
}

function cType(type: FieldType): { base: string; suffix: string } {
  switch (type.kind) {
    case 'struct':
      return { base: `struct carillon_${type.name}`, suffix: '' }
    case 'text':
      return { base: 'char', suffix: `[${type.bytes}]` }
    case 'array': {
      const { base, suffix } = cType(type.element)
      return { base, suffix: `[${type.count}]${suffix}` }
    }
    default:
      return { base: type.cType, suffix: '' }
  }
}
