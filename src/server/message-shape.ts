import protobuf from 'protobufjs/minimal.js'
import { LIMITS } from '../shm/shared-mem.ts'
import { ServiceError } from './errors.ts'

/** How many fields a message has at most, and the shapes of the messages within, by field number. */
interface Shape {
  readonly fields: number
  readonly within: Readonly<Record<number, Shape>>
}

const leaf = (fields: number): Shape => ({ fields, within: {} })

const PARAMETER = leaf(2)
const EFFECT: Shape = { fields: 1 + LIMITS.PARAMS_MAX, within: { 2: PARAMETER } }
const OPEN_STREAM: Shape = { fields: 3 + LIMITS.EFFECTS_MAX, within: { 3: EFFECT } }

/** Of proto/carillon.proto: a request, and one of the bodies. */
const CLIENT_MESSAGE: Shape = {
  fields: 2,
  within: {
    2: leaf(2), // Hello
    3: leaf(0), // Describe
    4: OPEN_STREAM,
    5: leaf(3), // Samples
    6: leaf(1), // CloseStream
    7: leaf(2), // Subscribe
  },
}

/** Fields that later versions of the protocol may add to a message. */
const SPARE_FIELDS = 8

const WIRE_FIXED64 = 1
const WIRE_LENGTH_DELIMITED = 2

/**
 * Refuses messages of more parts than any that means something. A megabyte holds half a million
 * empty effects, which take a third of a second to decode, while everybody else waits; to count
 * them up to the limit takes nothing.
 *
 * @throws {ServiceError} `ERR_CARILLON_LIMIT`.
 */
export function checkShape(message: Uint8Array): void {
  const reader = new protobuf.Reader(message)
  checkFields(reader, reader.len, CLIENT_MESSAGE)
}

function checkFields(reader: protobuf.Reader, end: number, { fields, within }: Shape): void {
  let count = 0
  while (reader.pos < end) {
    const tag = reader.uint32()
    const wireType = tag & 7
    // Values of a list that is not packed are many, and are read as fast as they come.
    if (wireType !== WIRE_FIXED64) count++
    if (count > fields + SPARE_FIELDS) {
      throw new ServiceError('ERR_CARILLON_LIMIT', 'a message of more parts than any may have')
    }
    const inner = wireType === WIRE_LENGTH_DELIMITED ? within[tag >>> 3] : undefined
    if (inner === undefined) {
      reader.skipType(wireType)
    } else {
      const length = reader.uint32()
      checkFields(reader, reader.pos + length, inner)
    }
  }
}
