import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { HostedCore } from '../../src/cores/hosted-core.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { checkAccesses } from '../support/check-accesses.ts'
import type { DeviceHostResult } from '../support/device-host.ts'
import { needsPlugins } from '../support/needs-plugins.ts'
import { needsTool } from '../support/needs-tool.ts'
import { importScript, REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const { cacheFolder } = await importScript<{ cacheFolder(): string }>('machine/cache-folder.mjs')
const { inCi } = await importScript<{ inCi(): boolean }>('testing/in-ci.mjs')
const { nodeRelease } = await importScript<{
  nodeRelease(cache: string, options: { mayFetch: boolean; tell(line: string): void }): string
}>('machine/node-release.mjs')
const { crossNative } = await importScript<{
  crossNative(root: string, cache: string, node: string, tell: (line: string) => void): string
}>('machine/cross-addons.mjs')

const CACHE = cacheFolder()

/** The libraries of arm64 that its compilers for this machine bring. */
const LIBRARIES = '/usr/aarch64-linux-gnu'
const RING_CAPACITY_BYTES = 65_536

/** Twenty seconds on an idle machine. */
const EMULATED_MS = 5 * 60_000

const tell = () => {}

/** Node for arm64, where it was fetched for the machines or may be now. */
function arm64Node(): string | undefined {
  try {
    return nodeRelease(CACHE, { mayFetch: inCi(), tell })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_CARILLON_IMAGE_OFFLINE') return undefined
    throw error
  }
}

const node = arm64Node()
const declare =
  node === undefined
    ? needsTool(test, join(CACHE, 'node'), 'npm run image -- qemu-virt')
    : existsSync(join(LIBRARIES, 'lib/libstdc++.so.6'))
      ? needsPlugins(
          needsTool(test, 'qemu-aarch64', 'apt-get install qemu-user'),
          test,
          'qemu-aarch64',
        )
      : needsTool(test, LIBRARIES, 'apt-get install g++-aarch64-linux-gnu')

declare("Node on arm64 touches a device's memory as that takes it", async (t) => {
  t.timeout(EMULATED_MS)
  if (node === undefined) throw new Error('Node for arm64 was not fetched')
  const path = join(temporaryFolder(t), 'region')
  const ringCapacityBytes = RING_CAPACITY_BYTES
  const region = SharedRegion.create(path, { cores: 1, ringCapacityBytes })
  t.teardown(() => region.close())
  // For the host below, which opens it by its name.
  chmodSync(path, 0o600)
  // Nobody rings it: it looks by itself, forty times a second.
  const core = await HostedCore.start({ region, core: 0 })
  t.teardown(async () => {
    core.kill()
    await core.ended(10_000)
  })
  const accesses = await checkAccesses(t, { at: { file: path }, rule: 'device' })
  const program = join(import.meta.dirname, '../support/device-host.js')
  const host = spawn(
    'qemu-aarch64',
    [
      ...[...accesses.arguments, '-L', LIBRARIES, join(node, 'bin/node'), program],
      ...[path, `${ringCapacityBytes}`],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        CARILLON_ADDON: crossNative(REPOSITORY, CACHE, node, tell),
        CARILLON_MAPPER: 'addon',
      },
    },
  )
  t.teardown(() => host.kill('SIGKILL'))
  let output = ''
  host.stdout.on('data', (chunk) => {
    output += chunk
  })
  t.deepEqual(await once(host, 'close'), [0, null])
  const result: DeviceHostResult = JSON.parse(output)
  const { traceLines, unreadBytes, ...rest } = result
  t.deepEqual(rest, { memoryType: 'device', echoed: 30, oddBytes: 12, wasIntact: true })
  t.true(traceLines > 0)
  t.true(unreadBytes > 0)
  const [{ loads, stores } = {}] = accesses.read()
  // By words alone; what is read as bytes may be what V8 reads so.
  t.true((loads?.get(4) ?? 0) > 1000)
  t.deepEqual([...(stores?.keys() ?? [])], [4])
})
