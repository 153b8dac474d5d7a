/** Something the person at the terminal can mend: the message says what and how. */
export class SetupError extends Error {}

/** What to print of an error: a person's sentence as it is, a fault of ours with its stack. */
export function explain(error) {
  return error instanceof SetupError ? error.message : error.stack
}
