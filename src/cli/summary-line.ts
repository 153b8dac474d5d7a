import { oneLine } from './one-line.ts'
import type { ProcessReport } from './process-job.ts'

/**
 * What a job did, for example `out.wav: 1.43 s of 48 kHz mono in 0.12 s (11.9x real time), round trip
 * p50 0.8 ms p99 2.1 ms, 0 blocks lost`. A job that loses a block fails, so here the number is 0.
 *
 * @param output what was written, by its name.
 */
export function summaryLine(output: string, report: ProcessReport): string {
  const { frames, sampleRateHz, channels, elapsedS, roundTrips, clipped, notANumber } = report
  const durationS = frames / sampleRateHz
  const what = `${durationS.toFixed(2)} s of ${formatRate(sampleRateHz)} ${formatChannels(channels)}`
  const speed = frames === 0 ? '' : ` (${(durationS / elapsedS).toFixed(1)}x real time)`
  return [
    `${oneLine(output)}: ${what} in ${elapsedS.toFixed(2)} s${speed}`,
    ...(roundTrips === undefined
      ? []
      : [`round trip p50 ${formatMs(roundTrips.p50Ms)} p99 ${formatMs(roundTrips.p99Ms)}`]),
    '0 blocks lost',
    ...(clipped === 0
      ? []
      : [
          `${formatCount(clipped, 'sample')} clipped to fit ${report.sampleFormat} (--format f32 keeps them)`,
        ]),
    ...(notANumber === 0
      ? []
      : [`${formatCount(notANumber, 'sample')} that were no numbers set to 0`]),
  ].join(', ')
}

function formatRate(sampleRateHz: number): string {
  return sampleRateHz < 1000 ? `${sampleRateHz} Hz` : `${sampleRateHz / 1000} kHz`
}

function formatChannels(channels: number): string {
  return channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels}-channel`
}

function formatMs(ms: number): string {
  return `${ms.toFixed(ms < 0.1 ? 2 : 1)} ms`
}

function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
