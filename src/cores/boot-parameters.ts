/** The object that the host sets in an image: firmware/port/aarch64/boot_parameters.h. */
export const BOOT_PARAMETERS = 'boot_parameters'

/** Its words, eight bytes each. */
export const BOOT_PARAMETER_NAMES = [
  'region',
  'region_bytes',
  'cores',
  'turn_off',
  'uncached',
] as const

export const BOOT_PARAMETERS_BYTES: number = 8 * BOOT_PARAMETER_NAMES.length

export interface BootParameters {
  /** Physical address of the shared region, a multiple of 2 MiB. */
  readonly region: number
  /** Whole pages. */
  readonly regionBytes: number
  /** How many are started, from 0 on. */
  readonly cores: number
  /** Whether a core that stops is turned off, to be started again by the machine. Default false. */
  readonly turnOff?: boolean
  /** Whether the region is not cached by the cores, as this host does not cache it. Default false. */
  readonly uncached?: boolean
}

/** The object's bytes. */
export function bootParameterBytes(parameters: BootParameters): Uint8Array {
  const { region, regionBytes, cores, turnOff = false, uncached = false } = parameters
  const bytes = Buffer.alloc(BOOT_PARAMETERS_BYTES)
  for (const [index, value] of [
    region,
    regionBytes,
    cores,
    Number(turnOff),
    Number(uncached),
  ].entries()) {
    bytes.writeBigUInt64LE(BigInt(value), 8 * index)
  }
  return bytes
}
