const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const MINUS = '\u2212'

/** `12345` as `12,345`. */
export function formatCount(count: number): string {
  return counts.format(count)
}

/** Three digits and a unit: `0 B`, `1.25 KiB`, `64.0 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${units[unit]}`
}

/** `48000` as `48 kHz`, `44100` as `44.1 kHz`, `8` as `8 Hz`. */
export function formatHz(hz: number): string {
  return hz < 1000 ? `${trimmed(hz)} Hz` : `${trimmed(hz / 1000)} kHz`
}

/** Seconds as `1:02:03`, with days where there are some: `2 d 1:02:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value: number) => String(value % 60).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const clock = `${hours % 24}:${two(Math.floor(whole / 60))}:${two(whole)}`
  return hours < 24 ? clock : `${Math.floor(hours / 24)} d ${clock}`
}

/** A share of 0 to 1 as a percentage, with a decimal below 10 %. */
export function formatShare(share: number): string {
  const percent = share * 100
  return `${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`
}

/** A level as `−6.0 dBFS`, and `−∞ dBFS` for silence. */
export function formatDbfs(db: number): string {
  if (db === Number.NEGATIVE_INFINITY) return `${MINUS}∞ dBFS`
  // Adding 0 makes a zero of what rounds to minus zero.
  return `${(Number(db.toFixed(1)) + 0).toFixed(1).replace('-', MINUS)} dBFS`
}

/** A session as its eight hexadecimal digits. */
export function formatSession(session: number): string {
  return session.toString(16).padStart(8, '0')
}

/** `count` and the word for it: `1 stream`, `2 streams`. */
export function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`
}

/** `mono`, `stereo`, `6 channels`. */
export function formatChannels(channels: number): string {
  if (channels === 1) return 'mono'
  return channels === 2 ? 'stereo' : `${channels} channels`
}

function threeDigits(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(3)))
}
