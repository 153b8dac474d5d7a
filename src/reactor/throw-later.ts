/** Throws as an uncaught exception, behind what is under way: that is not lost for it. */
export function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
