import { execFile, execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { needsTool } from '../support/needs-tool.ts'
import { importScript, REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const { headersSetting } = await importScript<{ headersSetting(): Record<string, string> }>(
  'setup/node-headers.mjs',
)

const SANITIZERS = '-fsanitize=address,undefined'

/** What runs over the addon. */
const FILES = [
  'reactor/tcp-engine-epoll',
  'reactor/reactor',
  'reactor/reactor-watch',
  'reactor/reactor-timer',
  'reactor/registered-memory',
  'reactor/zero-copy',
  'reactor/receive-buffers',
  'reactor/event-fd',
  'reactor/epoll-transport',
  'reactor/descriptors',
  'shm/region-over-addon',
  'shm/region-over-mmap-io',
]

const run = promisify(execFile)
const { resolve } = createRequire(import.meta.url)

/** The addon with sanitizers, built in a folder of its own. */
async function buildSanitized(folder: string): Promise<string> {
  cpSync(join(REPOSITORY, 'native'), folder, {
    recursive: true,
    filter: (path) => !path.endsWith('/build'),
  })
  await run(process.execPath, [join(folder, 'build.mjs')], {
    env: {
      ...process.env,
      ...headersSetting(),
      npm_config_node_gyp: resolve('node-gyp/bin/node-gyp.js'),
      // The first thing that is undefined ends the process, as the first wrong access does.
      CXXFLAGS: `${SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer -g`,
      LDFLAGS: SANITIZERS,
    },
  })
  return join(folder, 'build/Release/carillon.node')
}

const compilerTest = needsTool(test, 'g++', 'apt-get install build-essential')

compilerTest('the addon passes its tests under AddressSanitizer and UBSan', async (t) => {
  t.timeout(10 * 60_000)
  const folder = temporaryFolder(t)
  const addon = await buildSanitized(folder)
  t.true(readFileSync(addon).includes('__asan_report'))
  const library = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' })
  const ava = join(REPOSITORY, 'node_modules/ava/entrypoints/cli.mjs')
  const files = FILES.map((file) => `dist/test/${file}.test.js`)
  const { stdout, stderr } = await run(process.execPath, [ava, ...files], {
    cwd: REPOSITORY,
    env: {
      ...process.env,
      CARILLON_ADDON: addon,
      // Node was not built with it, so it has to be there before Node.
      LD_PRELOAD: library.trim(),
      // Leaks are not looked for: V8 and Node leave what they have to the end of the process, and
      // everything that only V8's heap points to looks lost.
      ASAN_OPTIONS: `detect_leaks=0:log_path=${folder}/report`,
      UBSAN_OPTIONS: 'print_stacktrace=1',
    },
  }).catch((error: { stdout: string; stderr: string }) => error)
  const reports = readdirSync(folder).filter((file) => file.startsWith('report'))
  t.is(reports.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n'), '')
  // UBSan knows no file to report to.
  const lines = `${stdout}\n${stderr}`.split('\n')
  t.deepEqual(
    lines.filter((line) => /✘|runtime error/.test(line)),
    [],
  )
  t.regex(stdout, /\d+ tests passed\n/, stderr)
})
