import protobuf from 'protobufjs/minimal.js'
import { LIMITS } from '../shm/shared-mem.ts'
import { ServiceError } from './errors.ts'

/** Fields that later versions of the protocol may add to a message. */
const SPARE_FIELDS = 8

// Numbers of fields in proto/carillon.proto.
const OPEN_STREAM = 4
const EFFECTS = 3

/**
 * Refuses messages of more parts than any that means something. A megabyte holds half a million
 * empty effects, which take a third of a second to decode, while everybody else waits; to count
 * them up to the limit takes nothing.
 *
 * @throws {ServiceError} `ERR_CARILLON_LIMIT`.
 */
export function checkShape(message: Uint8Array): void {
  const reader = new protobuf.Reader(message)
  countFields(reader, reader.len, 2, (field) => {
    if (field === OPEN_STREAM) checkOpenStream(reader)
  })
}

function checkOpenStream(reader: protobuf.Reader): void {
  const end = reader.uint32() + reader.pos
  countFields(reader, end, 2 + LIMITS.EFFECTS_MAX, (field) => {
    if (field !== EFFECTS) return
    const effectEnd = reader.uint32() + reader.pos
    countFields(reader, effectEnd, 1 + LIMITS.PARAMS_MAX, () => {})
  })
}

/** Passes over the fields up to `end`. `enter` reads into a field, or leaves it alone. */
function countFields(
  reader: protobuf.Reader,
  end: number,
  expected: number,
  enter: (field: number) => void,
): void {
  let count = 0
  while (reader.pos < end) {
    count++
    if (count > expected + SPARE_FIELDS) {
      throw new ServiceError('ERR_CARILLON_LIMIT', 'a message of more parts than any may have')
    }
    const tag = reader.uint32()
    const start = reader.pos
    // Only what is length-delimited (wire type 2) has something within.
    if ((tag & 7) === 2) enter(tag >>> 3)
    if (reader.pos === start) reader.skipType(tag & 7)
  }
}
