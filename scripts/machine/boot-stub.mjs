import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fingerprint } from '../setup/stamp.mjs'
import { keepMade } from './keep-made.mjs'
import { MachineError } from './machine-error.mjs'
import { runMachineTool } from './tools.mjs'

const CROSS = 'aarch64-linux-gnu-'

/** Linux lies at a multiple of it. */
const STUB_BYTES = 2 * 1024 * 1024

/** In the header of an arm64 Image: how much memory it takes from its begin on, and its kind. */
const IMAGE_BYTES_AT = 16
const IMAGE_FLAGS_AT = 24
const MAGIC_AT = 56
const MAGIC = 'ARM\x64'

/**
 * A kernel with code of ours in front, which a boot loader takes for the kernel.
 *
 * @param {{ root: string, cache: string, kernel: string, board: object,
 *   stub: { sources: string[], includes: string[], defines(board: object): Record<string, number> },
 *   tell: (line: string) => void }} what `kernel` is Linux's Image, `board` is board.json, read; the stub's
 *   sources are paths in the checkout, the first of which is the header and where it begins
 * @returns {string} its path
 * @throws {MachineError} `ERR_CARILLON_IMAGE_BUILD`
 */
export function kernelBehindStub({ root, cache, kernel, board, stub, tell }) {
  const { sources, includes } = stub
  const defines = stub.defines(board)
  return keepMade(
    join(cache, 'kernel'),
    {
      name: `${basename(kernel)}-${board.name}`,
      ingredients: [kernel, fingerprint(root, [...sources, ...includes]), defines],
      doing: 'Assembling what starts before Linux',
      make(path) {
        const linux = readFileSync(kernel)
        checkImage(kernel, linux)
        const numbers = {
          ...defines,
          IMAGE_BYTES: STUB_BYTES + Number(linux.readBigUInt64LE(IMAGE_BYTES_AT)),
          IMAGE_FLAGS: Number(linux.readBigUInt64LE(IMAGE_FLAGS_AT)),
        }
        const code = assemble(root, `${path}.stub`, sources, numbers)
        checkImage(sources[0], code)
        if (code.length > STUB_BYTES) {
          throw notAnImage(`${sources[0]} has ${code.length} bytes, of at most ${STUB_BYTES}`)
        }
        writeFileSync(path, Buffer.concat([code, Buffer.alloc(STUB_BYTES - code.length), linux]))
      },
    },
    tell,
  )
}

function assemble(root, path, sources, numbers) {
  const failure = { sentence: `${sources[0]} did not assemble (the output is above)` }
  const defines = Object.entries(numbers).map(
    ([name, value]) => `-D${name}=0x${value.toString(16)}`,
  )
  const link = ['-nostdlib', '-static', '-Wl,-Ttext=0', '-Wl,--build-id=none']
  const args = ['-Ifirmware', ...defines, ...link, '-o', `${path}.elf`, ...sources]
  runMachineTool(root, `${CROSS}gcc`, args, failure)
  const flat = ['-O', 'binary', '-j', '.text', `${path}.elf`, path]
  runMachineTool(root, `${CROSS}objcopy`, flat, failure)
  return readFileSync(path)
}

function checkImage(name, bytes) {
  if (bytes.toString('latin1', MAGIC_AT, MAGIC_AT + MAGIC.length) === MAGIC) return
  throw notAnImage(`${name} is no arm64 Image`)
}

const notAnImage = (what) => new MachineError('ERR_CARILLON_IMAGE_BUILD', what)
