const BYTES_PER_LINE = 16
const HALF = BYTES_PER_LINE / 2

/** `00000000  hex of 8 bytes  hex of 8 bytes  |text|`, as `hexdump -C` has it: 78 characters. */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const line = bytes.subarray(at, at + BYTES_PER_LINE)
    const halves = [line.subarray(0, HALF), line.subarray(HALF)].map(hexOf)
    const offset = at.toString(16).padStart(8, '0')
    lines.push([offset, ...halves, `|${textOf(line)}|`].join('  '))
  }
  return lines
}

function hexOf(bytes: Uint8Array): string {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
  return pairs.join(' ').padEnd(3 * HALF - 1)
}

/** ASCII only: anything else could act on a terminal. */
function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : '.',
  ).join('')
}
