/** What a board's description may say. Firmware and host are made from it: nothing else bounds it. */
export const BOARD_LIMITS = {
  /** The longest line is a sentence of fifty words; a board's description has a few hundred bytes. */
  FILE_BYTES_MAX: 16 * 1024,
  /** The name of a folder, and of the firmware's port, which has 16 bytes in a firmware's note. */
  NAME_BYTES_MAX: 15,
  /** The firmware's page tables reach 39 bits and 32 of them physically. */
  ADDRESS_MAX: 0xffff_ffff,
  /** The firmware maps memory in blocks of this size. */
  BLOCK_BYTES: 2 * 1024 * 1024,
  /** A block for the image, and one at least for its cores. */
  FIRMWARE_BYTES_MIN: 4 * 1024 * 1024,
  /** Registers are mapped by pages. */
  PAGE_BYTES: 4096,
  /** A software-generated interrupt of a GICv2 has a bit for each of eight cores. */
  CORE_INDEX_MAX: 7,
  /** Linux has the software-generated interrupts below this one. */
  SGI_MIN: 8,
  SGI_MAX: 15,
  /** Those that are shared by all cores, as a GICv2 numbers them. */
  SPI_MIN: 32,
  SPI_MAX: 1019,
  /** Each core of a BCM2836 has four, of which what waits in the parking page, and Linux's driver, know this one. */
  MAILBOX: 0,
  BCM2836_CORE_INDEX_MAX: 3,
  /** The graphics processor has the system timer's channels 0 and 2, and Linux has 3. */
  SYSTEM_TIMER_CHANNEL: 1,
} as const
