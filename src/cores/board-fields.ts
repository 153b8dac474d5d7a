import { BoardError } from './errors.ts'

/**
 * An object of a board's description, of which each field is asked for once: what is missing, of
 * another kind, or nobody's is an error that says where.
 */
export class BoardFields {
  readonly #board: string
  readonly #path: string
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #unread: Set<string>

  /** @param path what messages call it: `memory.region`; empty for the whole description. */
  constructor(board: string, path: string, value: unknown) {
    this.#board = board
    this.#path = path
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.refuse('FIELD', path === '' ? 'it is no object' : `${path} is no object`)
    }
    this.#fields = Object.fromEntries(Object.entries(value))
    this.#unread = new Set(Object.keys(value))
  }

  text(name: string): string {
    const value = this.#take(name)
    if (typeof value === 'string' && value !== '') return value
    throw this.refuse('FIELD', `${this.pathOf(name)} is a text`)
  }

  /** One of the texts in `allowed`. */
  choice<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#take(name)
    const found = allowed.find((one) => one === value)
    if (found !== undefined) return found
    throw this.refuse('FIELD', `${this.pathOf(name)} is ${allowed.join(' or ')}`)
  }

  integer(name: string, least: number, most: number): number {
    return this.#checkInteger(this.pathOf(name), this.#take(name), least, most)
  }

  /** Integers that rise, at least one. */
  indices(name: string, most: number): number[] {
    const value = this.#take(name)
    const path = this.pathOf(name)
    if (!Array.isArray(value) || value.length === 0) {
      throw this.refuse('FIELD', `${path} is a list of numbers, at least one`)
    }
    const found = value.map((one, at) => this.#checkInteger(`${path}[${at}]`, one, 0, most))
    if (found.some((one, at) => one <= (found[at - 1] ?? -1))) {
      throw this.refuse('RANGE', `the numbers of ${path} rise`)
    }
    return found
  }

  /** A number of up to 32 bits in hexadecimal, which JSON does not have: `"0x79000000"`. */
  word(name: string, step: number): number {
    const value = this.#take(name)
    const path = this.pathOf(name)
    if (typeof value !== 'string' || !/^0x[0-9a-f]{1,8}$/.test(value)) {
      throw this.refuse('FIELD', `${path} is a number as "0x79000000", of at most 32 bits`)
    }
    const number = Number(value)
    if (number % step === 0) return number
    throw this.refuse('RANGE', `${path} is a multiple of ${hex(step)}, not ${value}`)
  }

  object(name: string): BoardFields {
    return new BoardFields(this.#board, this.pathOf(name), this.#take(name))
  }

  /** @throws {BoardError} `ERR_CARILLON_BOARD_FIELD` where something is there that nobody asked for. */
  end(): void {
    const [name] = this.#unread
    if (name !== undefined) throw this.refuse('FIELD', `nobody knows ${this.pathOf(name)}`)
  }

  pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }

  refuse(what: 'FIELD' | 'RANGE' | 'OVERLAP', why: string): BoardError {
    return new BoardError(`ERR_CARILLON_BOARD_${what}`, `the description of ${this.#board}: ${why}`)
  }

  #take(name: string): unknown {
    this.#unread.delete(name)
    if (Object.hasOwn(this.#fields, name)) return this.#fields[name]
    throw this.refuse('FIELD', `${this.pathOf(name)} is missing`)
  }

  #checkInteger(path: string, value: unknown, least: number, most: number): number {
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      throw this.refuse('FIELD', `${path} is an integer`)
    }
    if (value >= least && value <= most) return value
    throw this.refuse('RANGE', `${path} is from ${least} to ${most}, not ${value}`)
  }
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`
}
