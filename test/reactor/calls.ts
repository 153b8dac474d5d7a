import { Conditions } from './conditions.ts'

/** What a callback was told, in order. */
export class Calls<Value> extends Conditions {
  readonly told: Value[] = []

  readonly note = (value: Value): void => {
    this.told.push(value)
    this.changed()
  }

  untilTold(count: number): Promise<void> {
    return this.until(() => this.told.length >= count)
  }
}
