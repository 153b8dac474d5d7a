/** What an ELF file may be that is read. A file is not trusted: its own numbers bound nothing. */
export const ELF_LIMITS = {
  /** Firmware has a few hundred kilobytes, and with its debug information a few megabytes. */
  FILE_BYTES_MAX: 64 * 1024 * 1024,
  /** A linked program has about forty; an object with a section for each function some hundreds. */
  SECTIONS_MAX: 4096,
  /** A linked program has about a dozen. */
  SEGMENTS_MAX: 256,
  /** The hosted firmware has a few hundred; Rust or C++ makes some tens of thousands. */
  SYMBOLS_MAX: 65_536,
  /** Of a name, in bytes. Many names may share bytes: all of them together stay under 64 MiB. */
  NAME_BYTES_MAX: 1024,
} as const
