import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { Script } from 'node:vm'
import { crc32 } from 'node:zlib'

/** How much more there must be than what is kept already. */
const WORTH_KEEPING = 1.05

/** To look for more takes some milliseconds: who ran for this long, in seconds, does not notice. */
const LONG_RUN_S = 0.5

/** Of the CRC-32 behind what is kept. */
const CHECKSUM_BYTES = 4

/**
 * Runs a file of CommonJS, compiled as far as it was when it ended the last time.
 *
 * @param file whose name changes with what is in it, because a cache is not compared with its source.
 *   It has no `import()`, which Node 20 has no way to allow in what comes from a cache.
 * @param folder of the cache. Where it cannot be written to, the file is compiled each time.
 */
export function runCompiled(file: string, folder: string): void {
  // Node looks for the source maps of what it loads itself.
  if (process.sourceMapsEnabled) createRequire(file)(file)
  else runCached(file, join(folder, `${basename(file)}-${variant()}`))
}

/**
 * What V8 keeps is for one version of it and one set of its flags, and is refused under any other: each has
 * a file of its own. (node:v8 has a number for that, and takes milliseconds to load.)
 */
function variant(): string {
  const { arch, execArgv, env, versions } = process
  const flags = crc32([env.NODE_OPTIONS ?? '', ...execArgv].join(' '))
  return `${arch}-${versions.v8}-${flags.toString(16)}`
}

function runCached(file: string, cache: string): void {
  const cachedData = readCache(cache)
  const script = new Script(Module.wrap(readFileSync(file, 'utf8')), {
    filename: file,
    ...(cachedData !== undefined && { cachedData }),
  })
  const kept = script.cachedDataRejected === false ? (cachedData?.length ?? 0) : 0
  process.once('exit', () => {
    if (kept > 0 && process.uptime() < LONG_RUN_S) return
    // With the functions that were called, which another command may not have called before.
    const compiled = script.createCachedData()
    if (compiled.length > kept * WORTH_KEEPING) writeCache(cache, compiled)
  })
  const exported = { exports: {} }
  const run: NodeModuleFunction = script.runInThisContext()
  run(exported.exports, createRequire(file), exported, file, dirname(file))
}

/** What a file of CommonJS is for Node: a function of these. */
type NodeModuleFunction = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void

/** undefined where there is none that is whole: V8 runs what it is given, or dies of it. */
function readCache(cache: string): Buffer | undefined {
  try {
    const bytes = readFileSync(cache)
    const compiled = bytes.subarray(0, -CHECKSUM_BYTES)
    return bytes.readUInt32LE(compiled.length) === crc32(compiled) ? compiled : undefined
  } catch {
    return undefined
  }
}

/** Whole, or not at all. */
function writeCache(cache: string, compiled: Buffer): void {
  const unfinished = `${cache}.${process.pid}`
  try {
    // Whatever is usual here, nobody else may write what the next run executes.
    mkdirSync(dirname(cache), { recursive: true, mode: 0o755 })
    const checksum = Buffer.alloc(CHECKSUM_BYTES)
    checksum.writeUInt32LE(crc32(compiled))
    writeFileSync(unfinished, Buffer.concat([compiled, checksum]), { flag: 'wx', mode: 0o644 })
    renameSync(unfinished, cache)
  } catch {
    // It may not have come as far as that.
    if (existsSync(unfinished)) rmSync(unfinished, { force: true })
  }
}
