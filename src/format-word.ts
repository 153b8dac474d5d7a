/** A 32-bit word as C writes it: `0x0000002a`. */
export function formatWord(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`
}
