import { SetupError } from '../setup/setup-error.mjs'

/** What went wrong with a machine or its image: a sentence for who sits at the terminal, and a stable code. */
export class MachineError extends SetupError {
  /**
   * @param {string} code `ERR_CARILLON_IMAGE_…` of what is made, `ERR_CARILLON_MACHINE_…` of what runs
   * @param {string} sentence
   * @param {{ cause?: unknown }} [options]
   */
  constructor(code, sentence, options) {
    super(`${sentence} [${code}]`, options)
    this.name = 'MachineError'
    this.code = code
  }
}
