import { CarillonError } from '../errors.ts'

/**
 * A core could not be started or did not do as it was told.
 *
 * - `ERR_CARILLON_FIRMWARE_MISSING`: the firmware has not been built.
 * - `ERR_CARILLON_FIRMWARE`: it is for another machine.
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
 * - `ERR_CARILLON_ELF`: it is not an ELF file, one of another kind than Carillon reads, or damaged.
 */
export class ElfError extends CarillonError {}
