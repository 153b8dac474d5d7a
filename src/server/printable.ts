/** As much of a client's text as is worth a place in a sentence or a log. */
const CHARACTERS_MAX = 64

/** What would move a terminal's cursor, or is no character at all. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu

/** A client's text for people: cut to 64 characters, without what could act on a terminal. */
export function printable(text: string): string {
  const characters = Array.from(text.slice(0, 2 * CHARACTERS_MAX))
  const cut = characters.slice(0, CHARACTERS_MAX).join('').replace(UNPRINTABLE, '\ufffd')
  return text.length > cut.length ? `${cut}…` : cut
}
