import { setAttribute } from './dom.ts'

const ROLES: Readonly<Record<string, string>> = {
  table: 'table',
  thead: 'rowgroup',
  tbody: 'rowgroup',
  tr: 'row',
  th: 'columnheader',
  td: 'cell',
}

/**
 * Says of a table, or of a part of one, what its elements are. Narrow screens show its rows as cards,
 * and there are browsers in which a table that is laid out as another thing is none any more.
 */
export function setTableRoles(part: HTMLElement): void {
  for (const node of [part, ...part.querySelectorAll('*')]) {
    const role = ROLES[node.localName]
    if (role !== undefined) setAttribute(node, 'role', role)
  }
}
