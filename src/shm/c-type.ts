import type { FieldType } from './layout.ts'

/** How C declares a field of this type: what stands before its name, and what after it. */
export function cType(type: FieldType): { readonly base: string; readonly suffix: string } {
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
