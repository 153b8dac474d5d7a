import { setUpSteps } from './steps.mjs'
import { requireTools } from './tools.mjs'

/**
 * Runs the steps that have something to do, in their order. Prints one line for each that runs,
 * and nothing where all is ready.
 *
 * @param {string} root the checkout
 * @param {{ without?: string[], isQuiet?: boolean }} [options] names of steps to leave out; whether
 *   those that run go without their line
 * @throws {SetupError} a tool is missing, or a step failed
 */
export function setUp(root, { without = [], isQuiet = false } = {}) {
  const steps = setUpSteps(root).filter(({ name }) => !without.includes(name))
  for (const [index, step] of steps.entries()) {
    if (step.isFresh()) continue
    // Of the later steps too, so that nobody waits for one step to hear what the next one lacks.
    requireTools(steps.slice(index).flatMap(({ tools }) => tools))
    if (!isQuiet) console.error(`${step.doing}…`)
    step.run()
  }
}
