/** Of a message; as in message.h. */
export const MESSAGE_BYTES = 64
export const MESSAGE_WORDS = MESSAGE_BYTES / 4

/** Messages that one turn handles at most. */
export const MESSAGES_PER_TURN_MAX = 64

/** Writes the message of that sequence, a word at a time: word n is the sequence plus n. */
export function fillMessage(words: Int32Array, at: number, sequence: number): void {
  for (let word = 0; word < MESSAGE_WORDS; word++) words[at + word] = sequence + word
}

/** @throws where it is another one. */
export function checkMessage(words: Int32Array, at: number, sequence: number): void {
  let difference = 0
  for (let word = 0; word < MESSAGE_WORDS; word++) {
    difference |= (words[at + word] ?? 0) ^ (sequence + word)
  }
  if (difference !== 0) {
    throw new Error(
      `message ${sequence >>> 0} came as another one, which begins with ${words[at]} and ends with ${words[at + MESSAGE_WORDS - 1]}`,
    )
  }
}
