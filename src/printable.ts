/** As much of a client's text as is worth a place in a sentence or a log. */
const CHARACTERS_MAX = 64

/** What would move a terminal's cursor, or is no character at all. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu

/**
 * Text of somebody else's for people: cut, without what could act on a terminal.
 *
 * @param charactersMax where it is cut. Default 64.
 */
export function printable(text: string, charactersMax = CHARACTERS_MAX): string {
  const characters = Array.from(text.slice(0, 2 * charactersMax))
  const cut = characters.slice(0, charactersMax).join('').replace(UNPRINTABLE, '\ufffd')
  return text.length > cut.length ? `${cut}…` : cut
}
