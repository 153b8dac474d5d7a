import type { carillon } from '../../proto/generated/carillon.js'

/** A decoded message: each field holds what was sent, or its default. */
type Decoded<Message> = {
  readonly [Field in Exclude<keyof Message, '$unknowns'>]-?: DecodedField<
    NonNullable<Message[Field]>
  >
}

type DecodedField<Field> = Field extends Uint8Array
  ? Field
  : Field extends readonly (infer Element)[]
    ? readonly DecodedField<Element>[]
    : Field extends object
      ? Decoded<Field>
      : Field

// Fields and their units: proto/carillon.proto.
export type Welcome = Decoded<carillon.v1.Welcome.$Properties>
export type Limits = Decoded<carillon.v1.Limits.$Properties>
export type Core = Decoded<carillon.v1.Core.$Properties>
export type Description = Decoded<carillon.v1.Description.$Properties>
export type EffectInfo = Decoded<carillon.v1.EffectInfo.$Properties>
export type ParameterInfo = Decoded<carillon.v1.ParameterInfo.$Properties>
export type Telemetry = Decoded<carillon.v1.Telemetry.$Properties>
export type Scope = Decoded<carillon.v1.Scope.$Properties>
