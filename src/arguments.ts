import { isUint8Array } from 'node:util/types'
import { ArgumentError } from './errors.ts'

/**
 * `value`, where it is an integer from `least` to `most`.
 *
 * @param name what the caller knows it as.
 * @throws {ArgumentError} where it is not.
 */
export function checkInteger(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new ArgumentError(`${name} is an integer from ${least} to ${most}, not ${String(value)}`)
}

/**
 * `value`, where it is one of `allowed`.
 *
 * @param name what the caller knows it as.
 * @throws {ArgumentError} where it is not.
 */
export function checkOneOf<T extends string | number>(
  name: string,
  value: T,
  allowed: readonly T[],
): T {
  if (allowed.includes(value)) return value
  throw new ArgumentError(`${name} is one of ${allowed.join(', ')}, not ${String(value)}`)
}

/**
 * `value`, where it is a Uint8Array: a Buffer too, and one of another realm.
 *
 * @param name what the caller knows it as.
 * @throws {ArgumentError} where it is not.
 */
export function checkBytes(name: string, value: Uint8Array): Uint8Array {
  if (value instanceof Uint8Array || isUint8Array(value)) return value
  throw new ArgumentError(`${name} is a Uint8Array, not ${Object.prototype.toString.call(value)}`)
}
