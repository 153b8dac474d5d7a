/** A word as C writes it, with eight digits at least: `0x0000002a`. */
export function formatWord(word: number | bigint): string {
  return `0x${word.toString(16).padStart(8, '0')}`
}
