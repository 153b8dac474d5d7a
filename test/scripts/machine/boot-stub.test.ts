import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { readBoard } from '../../../src/cores/read-board.ts'
import { needsTool } from '../../support/needs-tool.ts'
import { importScript, REPOSITORY } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { kernelBehindStub } = await importScript<{
  kernelBehindStub(what: object): string
}>('machine/boot-stub.mjs')
const { machineBoard } = await importScript<{ machineBoard(name: string): { bootStub: object } }>(
  'machine/boards.mjs',
)

const compilerTest = needsTool(
  test,
  'aarch64-linux-gnu-gcc',
  'apt-get install gcc-aarch64-linux-gnu',
)

const STUB_BYTES = 0x20_0000
const LINUX_BYTES = 0x300
/** With what it wants behind its end. */
const IMAGE_BYTES = 0x12_3000
const FLAGS = 0xa

/** What a boot loader takes for Linux. */
function linuxImage(magic = 'ARM\x64'): Buffer {
  const image = Buffer.alloc(LINUX_BYTES, 0x5a)
  image.writeBigUInt64LE(BigInt(IMAGE_BYTES), 16)
  image.writeBigUInt64LE(BigInt(FLAGS), 24)
  image.write(magic, 56, 'latin1')
  return image
}

function behindStub(t: ExecutionContext, image: Buffer): Buffer {
  const cache = temporaryFolder(t)
  const kernel = join(cache, 'vmlinuz')
  writeFileSync(kernel, image)
  const board = readBoard('pi-zero-2w')
  const stub = machineBoard('pi-zero-2w').bootStub
  const what = { root: REPOSITORY, cache, kernel, board, stub, tell: () => {} }
  return readFileSync(kernelBehindStub(what))
}

compilerTest('what runs before Linux is taken for it, with memory for both', (t) => {
  const image = linuxImage()
  const made = behindStub(t, image)
  t.is(made.toString('latin1', 56, 60), 'ARM\x64')
  t.is(made.readBigUInt64LE(8), 0n)
  t.is(made.readBigUInt64LE(16), BigInt(STUB_BYTES + IMAGE_BYTES))
  t.is(made.readBigUInt64LE(24), BigInt(FLAGS))
  t.is(made.length, STUB_BYTES + LINUX_BYTES)
  t.true(made.subarray(STUB_BYTES).equals(image))
  // It begins with a branch over the header.
  t.is(made.readUInt32LE(0) >>> 26, 0b000101)
  t.true((made.readUInt32LE(0) & 0x3ff_ffff) * 4 >= 64)
})

compilerTest('a kernel that is no arm64 Image is refused', (t) => {
  t.throws(() => behindStub(t, linuxImage('ARM\x65')), {
    message: /vmlinuz is no arm64 Image \[ERR_CARILLON_IMAGE_BUILD\]$/,
  })
})
