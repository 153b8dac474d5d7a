import { randomBytes } from 'node:crypto'
import { constants, unlinkSync } from 'node:fs'
import {
  access,
  type FileHandle,
  lstat,
  open,
  realpath,
  rename,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { errorCode } from '../errors.ts'
import { cannotWrite, WavError } from './errors.ts'

/**
 * A file that appears under its name only when it is whole. It is written as a hidden temporary
 * file in the same directory and renamed at the end; until then whatever has the name stays as it
 * is. The temporary file goes away with {@link discard}, or when the process exits; only a process
 * that is killed outright (SIGKILL, a power cut) leaves one, named `.carillon-….tmp`.
 */
export class PendingFile {
  /** The name that the caller gave, for sentences. */
  readonly path: string
  readonly #target: string
  readonly #temporary: string
  readonly #file: FileHandle

  private constructor(path: string, target: string, temporary: string, file: FileHandle) {
    this.path = path
    this.#target = target
    this.#temporary = temporary
    this.#file = file
  }

  /**
   * @param path where the file is to appear. Where it is a symbolic link, the link stays and the
   *   file it points to is replaced. The permissions of a file that is replaced are kept.
   * @throws {WavError} `ERR_CARILLON_WAV_WRITE`: not a regular file, no such directory…
   */
  static async create(path: string): Promise<PendingFile> {
    const { target, mode } = await resolveTarget(path)
    const temporary = join(dirname(target), `.carillon-${randomBytes(8).toString('hex')}.tmp`)
    removeAtExit(temporary)
    try {
      const file = await open(temporary, 'wx', mode ?? 0o666)
      // What the umask took away from it; not every file system has permissions at all.
      if (mode !== undefined) await file.chmod(mode).catch(() => {})
      return new PendingFile(path, target, temporary, file)
    } catch (error) {
      await removeNow(temporary)
      throw cannotWrite(path, error)
    }
  }

  /** Writes all of `bytes` at `position`. */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      let written = 0
      while (written < bytes.length) {
        const left = bytes.length - written
        written += (await this.#file.write(bytes, written, left, position + written)).bytesWritten
      }
    } catch (error) {
      throw cannotWrite(this.path, error)
    }
  }

  /** Brings the content to the disk, then gives the file its name. */
  async commit(): Promise<void> {
    try {
      await this.#file.sync()
      await this.#file.close()
      await rename(this.#temporary, this.#target)
    } catch (error) {
      throw cannotWrite(this.path, error)
    }
    keepAtExit(this.#temporary)
    await syncDirectory(dirname(this.#target))
  }

  /** Removes the temporary file. Does nothing after {@link commit}. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {})
    await removeNow(this.#temporary)
  }
}

/** Where the file really goes, and the permissions of the one that is there. */
async function resolveTarget(path: string): Promise<{ target: string; mode: number | undefined }> {
  if (path === '' || path.endsWith('/') || path.endsWith(sep)) {
    throw refusal(path, 'that is not the name of a file')
  }
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) throw refusal(path, 'it is a directory')
    if (!stats.isFile()) {
      throw refusal(path, 'it is not a regular file, and the header can only be finished in one')
    }
    // Renaming would get around the write protection of a file that stands there.
    await access(path, constants.W_OK)
    return { target: await realpath(path), mode: stats.mode & 0o777 }
  } catch (error) {
    if (error instanceof WavError) throw error
    if (errorCode(error) !== 'ENOENT') throw cannotWrite(path, error)
  }
  if (await isLink(path)) throw refusal(path, 'it is a symbolic link to a file that is not there')
  return { target: path, mode: undefined }
}

async function isLink(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  )
}

/** Makes the rename itself last. Not every system can do that to a directory. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined)
  await directory?.sync().catch(() => {})
  await directory?.close().catch(() => {})
}

function refusal(path: string, why: string): WavError {
  return new WavError('ERR_CARILLON_WAV_WRITE', `cannot write ${path}: ${why}`)
}

/** Temporary files that must not outlive the process. */
const temporaries = new Set<string>()

function removeAtExit(path: string): void {
  if (temporaries.size === 0) process.on('exit', removeAll)
  temporaries.add(path)
}

function keepAtExit(path: string): void {
  temporaries.delete(path)
  if (temporaries.size === 0) process.off('exit', removeAll)
}

async function removeNow(path: string): Promise<void> {
  // A file that was committed is no longer there to be removed.
  if (!temporaries.has(path)) return
  await unlink(path).catch(() => {})
  keepAtExit(path)
}

function removeAll(): void {
  for (const path of temporaries) {
    try {
      unlinkSync(path)
    } catch {
      // It may not have been created yet.
    }
  }
}
