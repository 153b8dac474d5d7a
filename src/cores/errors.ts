import { CarillonError } from '../errors.ts'

/**
 * A core could not be started or did not do as it was told.
 *
 * - `ERR_CARILLON_FIRMWARE_MISSING`: the firmware has not been built.
 * - `ERR_CARILLON_FIRMWARE_MACHINE`, `_CLASS`, `_TYPE`: it is for another processor, of another width,
 *   or no program.
 * - `ERR_CARILLON_FIRMWARE_NOTE`, `_PORT`, `_VERSION`: it does not say what it runs on, runs on something
 *   else, or was built for a host of another version.
 * - `ERR_CARILLON_FIRMWARE_EMPTY`, `_ADDRESS`, `_MEMORY`, `_OVERLAP`: it has nothing to load, a segment
 *   outside the machine's memory, takes more memory besides, or has segments that overlap.
 * - `ERR_CARILLON_FIRMWARE_ENTRY`: it would begin where no code is, or not where the machine does.
 * - `ERR_CARILLON_FIRMWARE_SYMBOL`, `_SYMBOL_SIZE`, `_SYMBOL_PLACE`: what the host has to set in it is
 *   missing, too small, or not among what is loaded.
 * - `ERR_CARILLON_EMULATOR_MISSING`: QEMU, or what it is started with, is not installed.
 * - `ERR_CARILLON_CORE_START`: its process could not be started.
 * - `ERR_CARILLON_CORE_LOST`: it ended, or left its rings, while it was in use.
 * - `ERR_CARILLON_CORE_FAULT`: its firmware did what it cannot, or failed an assertion.
 * - `ERR_CARILLON_CORE_TIMEOUT`: it did not answer in time.
 */
export class CoreError extends CarillonError {}

/**
 * A file could not be read as ELF.
 *
 * - `ERR_CARILLON_ELF_READ`: there is no file to read, or one that is too large.
 * - `ERR_CARILLON_ELF`: it is not an ELF file.
 * - `ERR_CARILLON_ELF_TRUNCATED`: it ends before what it says is in it.
 * - `ERR_CARILLON_ELF_BYTE_ORDER`: it is big-endian.
 * - `ERR_CARILLON_ELF_DAMAGED`: it contradicts itself, or is beyond a limit.
 */
export class ElfError extends CarillonError {}

/**
 * The description of a board cannot be used, or the machine is not as it says.
 *
 * - `ERR_CARILLON_BOARD_UNKNOWN`: there is no board of this name.
 * - `ERR_CARILLON_BOARD_READ`, `_JSON`: its description cannot be read, or is no JSON.
 * - `ERR_CARILLON_BOARD_FIELD`: something in it is missing, of another kind, or known to nobody.
 * - `ERR_CARILLON_BOARD_RANGE`: a number in it is beyond what firmware or host can do.
 * - `ERR_CARILLON_BOARD_OVERLAP`: two in it have the same memory or core.
 * - `ERR_CARILLON_BOARD_MEMORY`: the driver has other memory than it says.
 * - `ERR_CARILLON_BOARD_ACCESS`: what the firmware is reached by cannot be opened or mapped.
 * - `ERR_CARILLON_BOARD_DRIVER`: it takes the driver, which is not there.
 * - `ERR_CARILLON_BOARD_BUSY`: another server has its cores.
 */
export class BoardError extends CarillonError {}
