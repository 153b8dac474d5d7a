import { setUpSteps } from './steps.mjs'
import { requireTools } from './tools.mjs'

/**
 * Runs the steps that have something to do, in their order. Prints one line for each that runs,
 * and nothing where all is ready.
 *
 * @param {string} root the checkout
 * @param {{ without?: string[] }} [options] names of steps to leave out
 * @throws {SetupError} a tool is missing, or a step failed
 */
export function setUp(root, { without = [] } = {}) {
  const steps = setUpSteps(root).filter(({ name }) => !without.includes(name))
  for (const [index, step] of steps.entries()) {
    if (step.isFresh()) continue
    // Of the later steps too, so that nobody waits for one step to hear what the next one lacks.
    requireTools(steps.slice(index).flatMap(({ tools }) => tools))
    console.error(`${step.doing}…`)
    step.run()
  }
}
