import { UsageError } from './errors.ts'

/**
 * Reads the value of an option that is a whole number, `least` to `most`.
 *
 * @throws {UsageError} from what it returns.
 */
export function parseInteger(
  option: string,
  least: number,
  most: number,
): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not "${text}"`)
  }
}

/**
 * Reads the value of an option that is a number, with or without decimals, `least` to `most`.
 *
 * @throws {UsageError} from what it returns.
 */
export function parseDecimal(
  option: string,
  least: number,
  most: number,
): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new UsageError(`${option} takes a number from ${least} to ${most}, not "${text}"`)
  }
}

/**
 * Reads the value of an option that is one of a few words.
 *
 * @throws {UsageError} from what it returns.
 */
export function parseChoice<Choice extends string>(
  option: string,
  choices: readonly Choice[],
): (text: string) => Choice {
  return (text) => {
    const chosen = choices.find((choice) => choice === text)
    if (chosen !== undefined) return chosen
    const all = choices.length === 1 ? choices[0] : `one of ${choices.join(', ')}`
    throw new UsageError(`${option} takes ${all}, not "${text}"`)
  }
}
