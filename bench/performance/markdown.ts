/** A table: the first row is its header; all columns but the first are figures, to the right. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows
  const rule = header.map((_, column) => (column === 0 ? '---' : '---:'))
  return [header, rule, ...body].map((cells) => `| ${cells.map(cellText).join(' | ')} |`).join('\n')
}

/** What would end a cell, or a row, does not. */
function cellText(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')
}
