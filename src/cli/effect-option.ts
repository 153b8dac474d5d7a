import { UsageError } from './errors.ts'

/** One `--effect`, as it was written. */
export interface EffectOption {
  readonly name: string
  readonly parameters: ReadonlyMap<string, EffectValue>
}

/** The numbers themselves, or the WAV file whose samples they are. */
export type EffectValue = { readonly numbers: readonly number[] } | { readonly wavPath: string }

/** What `--effect` takes. */
export const EFFECT_SYNTAX = 'NAME:KEY=VALUE,KEY=VALUE'

/**
 * Reads `NAME` or `NAME:KEY=VALUE,…`. An item without `=` continues the list of the key before it:
 * `fir:taps=0.25,0.5,0.25`. A single value that is a path or ends in `.wav` names a file:
 * `fir:taps=ir.wav`. Which names, keys and ranges there are is the server's to say.
 *
 * @throws {UsageError} `ERR_CARILLON_EFFECT_SYNTAX`.
 */
export function parseEffectOption(text: string): EffectOption {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  if (name === '') throw syntaxError(text, 'the name is missing')
  const items = colon < 0 ? [] : text.slice(colon + 1).split(',')

  const written = new Map<string, string[]>()
  let list: string[] | undefined
  for (const item of items) {
    const equals = item.indexOf('=')
    const value = item.slice(equals + 1)
    if (value === '') throw syntaxError(text, 'a value is missing')
    if (equals < 0) {
      if (list === undefined) {
        // A number or a file has lost its key; any other word is a key that has lost its value.
        const lost = isNumber(item) || isPath(item) ? 'key' : 'value'
        throw syntaxError(text, `"${item}" has no ${lost}`)
      }
      list.push(value)
      continue
    }
    const key = item.slice(0, equals)
    if (key === '') throw syntaxError(text, `"${value}" has no key`)
    if (written.has(key)) throw syntaxError(text, `"${key}" is there twice`)
    list = [value]
    written.set(key, list)
  }
  const parameters = new Map<string, EffectValue>()
  for (const [key, values] of written) parameters.set(key, parseValues(text, key, values))
  return { name, parameters }
}

function parseValues(text: string, key: string, values: readonly string[]): EffectValue {
  const [first = ''] = values
  if (values.length === 1 && !isNumber(first) && isPath(first)) return { wavPath: first }
  const numbers = values.map((value) => {
    if (!isNumber(value)) throw syntaxError(text, `${key} is "${value}", which is not a number`)
    const number = Number(value)
    if (!Number.isFinite(number)) throw syntaxError(text, `${key} is ${value}, which is too large`)
    return number
  })
  return { numbers }
}

/** Decimal only: what `Number` takes beyond that ("0x10", "", " 1") is more likely a slip. */
function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
}

function isPath(text: string): boolean {
  return /\.wav$|[/\\]/i.test(text)
}

function syntaxError(text: string, why: string): UsageError {
  const sentence = `--effect takes ${EFFECT_SYNTAX}, and in "${text}" ${why}`
  return new UsageError(sentence, 'ERR_CARILLON_EFFECT_SYNTAX')
}
