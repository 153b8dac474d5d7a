import { type Logger, pino } from 'pino'

/** A line of a log, without what is the same in all of them. */
export type RecordedLine = Readonly<Record<string, unknown>>

/** A logger, and what it has been told so far. */
export function recordingLogger(): {
  logger: Logger
  lines: RecordedLine[]
  /** Resolves with the next line. */
  next(): Promise<RecordedLine>
} {
  const lines: RecordedLine[] = []
  const waiting: ((line: RecordedLine) => void)[] = []
  const write = (text: string) => {
    const line = JSON.parse(text) as RecordedLine
    lines.push(line)
    for (const resolve of waiting.splice(0)) resolve(line)
  }
  return {
    logger: pino({ base: null, timestamp: false, level: 'debug' }, { write }),
    lines,
    next: () => new Promise((resolve) => waiting.push(resolve)),
  }
}
