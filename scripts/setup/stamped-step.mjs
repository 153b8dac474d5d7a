import { join } from 'node:path'
import { fingerprint, Stamp } from './stamp.mjs'

/**
 * A step that is fresh while the contents of its inputs and outputs are what they were when it last
 * succeeded.
 *
 * @param {string} root
 * @param {{ name: string, doing: string, inputs: () => string[], outputs: () => string[], run: () => void }} step
 *   inputs and outputs are files and folders, relative to `root`
 */
export function stampedStep(root, { inputs, outputs, run, ...step }) {
  const stamp = new Stamp(join(root, 'dist/.setup', step.name))
  return {
    tools: [],
    ...step,
    isFresh: () => stamp.matches(fingerprint(root, inputs()), fingerprint(root, outputs())),
    run() {
      // Taken first: what is edited while the step runs must make it stale.
      const madeFrom = fingerprint(root, inputs())
      run()
      stamp.write(madeFrom, fingerprint(root, outputs()))
    },
  }
}
