/** Sounds to send through the effects. */
import { readFileSync } from 'node:fs'

/** Real speech: from Debian's package alsa-utils. */
const SPEECH = '/usr/share/sounds/alsa/Front_Center.wav'

/** "Front center", 48 kHz, one channel. */
export function speech(): Float32Array {
  const file = readFileSync(SPEECH)
  // 16-bit PCM behind a chunk header of four letters and a length.
  const data = file.indexOf('data', 12, 'latin1') + 8
  const count = file.readUInt32LE(data - 4) / 2
  return Float32Array.from({ length: count }, (_, i) => file.readInt16LE(data + 2 * i) / 32768)
}

/** White noise over full scale, the same for the same seed. */
export function noise(frames: number, seed: number): Float32Array {
  let state = seed | 0
  return Float32Array.from({ length: frames }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2 ** 31
  })
}

/** The amplitude and phase of a tone around `at`, as a complex number, through a Hann window. */
export function tone(
  samples: ArrayLike<number>,
  cyclesPerSample: number,
  from: number,
  length: number,
): { amplitude: number; phase: number } {
  let [real, imaginary] = [0, 0]
  for (let i = from; i < from + length; i++) {
    const window = 1 - Math.cos((2 * Math.PI * (i - from)) / length)
    const angle = -2 * Math.PI * cyclesPerSample * i
    const sample = (samples[i] ?? 0) * window
    real += sample * Math.cos(angle)
    imaginary += sample * Math.sin(angle)
  }
  return {
    amplitude: (2 * Math.hypot(real, imaginary)) / length,
    phase: Math.atan2(imaginary, real),
  }
}
