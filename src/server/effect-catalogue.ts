import type { carillon } from '../../proto/generated/carillon.js'
import { printable } from '../printable.ts'
import {
  EffectConfig,
  EffectInfo,
  LIMITS,
  ListValues,
  PARAM_FLAG,
  SCALE,
} from '../shm/shared-mem.ts'
import { memoryOver, viewStruct } from '../shm/struct-view.ts'
import { ServiceError } from './errors.ts'

type EffectMessage = carillon.v1.Effect.$Properties
type EffectInfoMessage = carillon.v1.EffectInfo.$Properties

interface Param {
  readonly name: string
  readonly unit: string
  readonly min: number
  readonly max: number
  /** Shares of the sample rate; 0 for none. */
  readonly rateMin: number
  readonly rateMax: number
  readonly default: number
  readonly required: boolean
  readonly list: boolean
  readonly scale: number
}

interface Effect {
  readonly index: number
  readonly name: string
  readonly summary: string
  readonly params: readonly Param[]
}

/** An effect as a core takes it: the payloads of its records. */
export interface EncodedEffect {
  readonly config: Uint8Array
  readonly lists: readonly Uint8Array[]
}

/** Far more than a firmware has; a core is not trusted to stop by itself. */
const EFFECTS_DESCRIBED_MAX = 256

/** The effects that a core has described. Knows names and ranges; the firmware knows the rest. */
export class EffectCatalogue {
  readonly #effects = new Map<string, Effect>()

  /**
   * Takes in the payload of an EFFECT_INFO record.
   *
   * @returns false where it is none, or not the next one, or has the name of another.
   */
  add(index: number, payload: Uint8Array): boolean {
    const isNext = index === this.#effects.size && index < EFFECTS_DESCRIBED_MAX
    if (!isNext || payload.byteLength < EffectInfo.bytes) return false
    const info = viewStruct(EffectInfo, memoryOver(payload.slice(0, EffectInfo.bytes)), 0, 'reader')
    const params = Array.from({ length: Math.min(info.paramCount, LIMITS.PARAMS_MAX) }, (_, at) => {
      const param = info.params[at]
      if (param === undefined) throw new RangeError(`effect ${index} has no parameter ${at}`)
      return {
        name: printable(param.name),
        unit: printable(param.unit),
        min: param.min,
        max: param.max,
        rateMin: param.rateMin,
        rateMax: param.rateMax,
        default: param.def,
        required: (param.flags & PARAM_FLAG.REQUIRED) !== 0,
        list: (param.flags & PARAM_FLAG.LIST) !== 0,
        scale: param.scale,
      }
    })
    const name = printable(info.name)
    // The next one has the number of this one then, and the list is not taken for whole.
    if (this.#effects.has(name)) return false
    const summary = printable(info.summary, EffectInfo.bytes)
    this.#effects.set(name, { index, name, summary, params })
    return true
  }

  has(name: string): boolean {
    return this.#effects.has(name)
  }

  get names(): string[] {
    return [...this.#effects.keys()]
  }

  /** The effects as the protocol describes them. */
  describe(): EffectInfoMessage[] {
    return [...this.#effects.values()].map(({ name, summary, params }) => ({
      name,
      summary,
      parameters: params.map((param) => ({
        name: param.name,
        unit: param.unit,
        min: param.min,
        max: param.max,
        default: param.default,
        required: param.required,
        scale: param.scale === SCALE.LOGARITHMIC ? 1 : 0,
        maxValues: param.list ? LIMITS.LIST_VALUES_MAX : 0,
      })),
    }))
  }

  /**
   * Says why a core did not take a value that is within the parameter's range: the sample rate does
   * not allow it.
   *
   * @param at index of the parameter, as the core tells it.
   */
  explainRefusal(message: EffectMessage, at: number, sampleRateHz: number): string {
    const effect = message.name ?? ''
    const param = this.#effects.get(effect)?.params[at]
    const atRate = `at a sample rate of ${sampleRateHz} Hz`
    if (param === undefined) return `${effect} does not take its parameter ${at} ${atRate}`
    const given = message.parameters?.find(({ name }) => name === param.name)?.values?.[0]
    const refused = given ?? `its default, ${param.default}`
    const min = Math.max(param.min, param.rateMin * sampleRateHz)
    const max = param.rateMax > 0 ? Math.min(param.max, param.rateMax * sampleRateHz) : param.max
    const isAllowed = given !== undefined && given >= min && given <= max
    if (min > max || isAllowed) return `${effect}:${param.name} cannot be ${refused} ${atRate}`
    const range = `${rounded(min)} to ${rounded(max)}${unitOf(param)}`
    return `${effect}:${param.name} is ${range} ${atRate}, not ${refused}`
  }

  /**
   * Turns an effect of an OpenStream into records, with the defaults filled in.
   *
   * @param position its place in the chain.
   * @param payloadBytesMax the longest record of the core's ring.
   * @throws {ServiceError} where its name, a parameter or a value is not the firmware's.
   */
  encode(message: EffectMessage, position: number, payloadBytesMax: number): EncodedEffect {
    const effect = this.#effects.get(message.name ?? '')
    if (effect === undefined) {
      throw new ServiceError(
        'ERR_CARILLON_UNKNOWN_EFFECT',
        `there is no effect "${printable(message.name ?? '')}"; there are ${this.names.join(', ')}`,
      )
    }
    const given = givenValues(effect, message)
    const values = effect.params.map((param) => checkedValues(effect, param, given.get(param.name)))
    return {
      config: encodeConfig(effect, position, values),
      lists: effect.params.flatMap((param, at) =>
        param.list ? encodeList(position, at, values[at] ?? [], payloadBytesMax) : [],
      ),
    }
  }
}

function givenValues(effect: Effect, message: EffectMessage): Map<string, readonly number[]> {
  const given = new Map<string, readonly number[]>()
  for (const { name, values } of message.parameters ?? []) {
    if (!effect.params.some((param) => param.name === name)) {
      const known = effect.params.map((param) => param.name).join(', ')
      throw new ServiceError(
        'ERR_CARILLON_UNKNOWN_PARAMETER',
        `${effect.name} has no parameter "${printable(name ?? '')}"; it has ${known}`,
      )
    }
    if (given.has(name ?? '')) {
      throw new ServiceError(
        'ERR_CARILLON_PARAMETER_RANGE',
        `${effect.name}:${name ?? ''} is given twice`,
      )
    }
    given.set(name ?? '', values ?? [])
  }
  return given
}

function checkedValues(
  effect: Effect,
  param: Param,
  given: readonly number[] | undefined,
): readonly number[] {
  if (given === undefined) {
    if (!param.required) return [param.default]
    throw new ServiceError(
      'ERR_CARILLON_PARAMETER_MISSING',
      `${effect.name} needs ${param.name}${param.unit === '' ? '' : ` (${param.unit})`}`,
    )
  }
  const most = param.list ? LIMITS.LIST_VALUES_MAX : 1
  if (given.length < 1 || given.length > most) {
    throw new ServiceError(
      'ERR_CARILLON_PARAMETER_RANGE',
      `${effect.name}:${param.name} takes ${most === 1 ? 'one value' : `1 to ${most} values`}, not ${given.length}`,
    )
  }
  const wrong = given.find((value) => !(value >= param.min && value <= param.max))
  if (wrong !== undefined) {
    throw new ServiceError(
      'ERR_CARILLON_PARAMETER_RANGE',
      `${effect.name}:${param.name} is ${param.min} to ${param.max}${unitOf(param)}, not ${wrong}`,
    )
  }
  return given
}

function unitOf({ unit }: Param): string {
  return unit === '' ? '' : ` ${unit}`
}

/** Without the digits that multiplying by a share has made. */
function rounded(value: number): number {
  return Number(value.toPrecision(9))
}

function encodeConfig(
  effect: Effect,
  position: number,
  values: readonly (readonly number[])[],
): Uint8Array {
  const bytes = new Uint8Array(EffectConfig.bytes + 8 * values.length)
  const memory = memoryOver(bytes)
  const config = viewStruct(EffectConfig, memory, 0, 'host')
  config.position = position
  config.effect = effect.index
  config.valueCount = values.length
  values.forEach((given, at) => {
    const value = effect.params[at]?.list ? given.length : (given[0] ?? 0)
    memory.data.setFloat64(EffectConfig.bytes + 8 * at, value, true)
  })
  return bytes
}

/** A list in as many pieces as the records of the ring demand. */
function encodeList(
  position: number,
  param: number,
  values: readonly number[],
  payloadBytesMax: number,
): Uint8Array[] {
  const perPiece = Math.floor((payloadBytesMax - ListValues.bytes) / 8)
  const pieces: Uint8Array[] = []
  for (let first = 0; first < values.length; first += perPiece) {
    const part = values.slice(first, first + perPiece)
    const bytes = new Uint8Array(ListValues.bytes + 8 * part.length)
    const memory = memoryOver(bytes)
    const header = viewStruct(ListValues, memory, 0, 'host')
    header.position = position
    header.param = param
    header.first = first
    header.count = part.length
    part.forEach((value, at) => {
      memory.data.setFloat64(ListValues.bytes + 8 * at, value, true)
    })
    pieces.push(bytes)
  }
  return pieces
}
