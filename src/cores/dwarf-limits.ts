/** What of a file's table of lines is read. Each number in it is checked; none bounds anything. */
export const DWARF_LIMITS = {
  /**
   * Firmware has fifty kilobytes of it. The event loop waits for the reading, which takes up to 80 ns for a
   * byte where a table is made to be slow (numbers of several bytes): this is less than a tenth of a second.
   */
  LINE_BYTES_MAX: 1024 * 1024,
  /** Directories, or files, of one unit: those that its headers come from. */
  NAMES_MAX: 4096,
  /** What an entry says of a name: path, directory, time, size and checksum, and to spare. */
  FORMATS_MAX: 16,
  /** Of a number of variable length, in bytes: 64 bits, seven a byte. */
  LEB128_BYTES_MAX: 10,
  /** Of a path, in bytes. */
  PATH_BYTES_MAX: 1024,
} as const
