// Reading and writing WAV files. Our own, because the maintained packages for it hold a whole file
// in memory and take one that is cut off for a whole one.

export { WavError, type WavErrorCode } from './errors.ts'
export { SAMPLE_FORMATS, type SampleFormat, type StoredFormat } from './sample-codec.ts'
export { MAX_WAV_CHANNELS, type WavFormat } from './wav-format.ts'
export { WavReader } from './wav-reader.ts'
export { WavWriter, type WavWritten } from './wav-writer.ts'
