/** What asks a soak to stop. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs one soak, and afterwards what it has asked to be done then, also where it is interrupted.
 *
 * @param {{ progress: (text: string) => void, tell: (text: string) => void }} said what it says, as
 *   test/support/soak.ts has it
 * @returns {Promise<{ error?: unknown, signal?: string }>} neither where all is well
 */
export async function runSoak({ soak }, size, said) {
  const teardowns = []
  let interrupt
  const interrupted = new Promise((resolve) => {
    interrupt = (signal) => resolve({ signal })
  })
  for (const signal of SIGNALS) process.on(signal, interrupt)
  try {
    const teardown = (undo) => teardowns.push(undo)
    const ended = soak({ ...size, ...said, teardown }).then(
      () => ({}),
      (error) => ({ error }),
    )
    return await Promise.race([ended, interrupted])
  } finally {
    // One that was interrupted may still start something meanwhile.
    while (teardowns.length > 0) await teardowns.pop()()
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
}
