/**
 * Tests run as compiled files in processes of their own: an addon that dies takes one test file
 * with it, and each file has the signals and the working directory of a program.
 */
export default {
  files: ['dist/test/**/*.test.js'],
  workerThreads: false,
  nodeArguments: ['--enable-source-maps'],
  // Without any test finishing: ample for a browser's start beside other tests on two busy cores.
  timeout: '2m',
  sortTestFiles: longestFirst,
  // Every run is the whole run, whatever a CI service sets for splitting it over machines.
  utilizeParallelBuilds: false,
  // Where scripts/test.mjs started AVA, it hears how the run goes.
  ...(process.send && {
    nonSemVerExperiments: { observeRunsFromConfig: true },
    observeRun: reportRun,
  }),
}

/** What takes longest, by its path under test/: else it is waited for alone at the end. */
const LONG = [
  'machine/on-qemu-virt',
  'reactor/sanitized',
  'firmware/thread-sanitizer',
  'bench/bridge/bridges',
  'firmware/dsp',
  'end-to-end/lost-sides',
  'cli/standard-streams',
  'model/models',
  'cli/rings-command',
]

function longestFirst(one, other) {
  return rank(one) - rank(other) || (one < other ? -1 : 1)
}

function rank(file) {
  const index = LONG.findIndex((start) => file.includes(`/dist/test/${start}`))
  return index < 0 ? LONG.length : index
}

/** Reports the counts as they grow, and what is skipped. */
async function reportRun({ events }) {
  for await (const event of events) {
    if (event.type === 'stats') process.send({ stats: event.stats })
    if (event.type === 'selected-test' && event.skip) process.send({ skipped: event.title })
  }
}
