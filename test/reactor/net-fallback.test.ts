import { execFile, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { importScript, REPOSITORY } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const { headersSetting } = await importScript<{ headersSetting(): Record<string, string> }>(
  'setup/node-headers.mjs',
)

function program(addon: string) {
  return promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, 'net-fallback-program.js')],
    { env: { ...process.env, CARILLON_ADDON: addon } },
  )
}

test('where the addon does not load, net serves, and one line of the log says so', async (t) => {
  const missing = join(temporaryFolder(t), 'missing.node')
  const broken = join(temporaryFolder(t), 'broken.node')
  writeFileSync(broken, 'not an addon')
  for (const addon of [missing, broken]) {
    const { echoed, transports, refused, lines } = JSON.parse((await program(addon)).stdout)
    t.is(echoed, 'ding dong')
    t.is(transports, 'net')
    t.deepEqual(
      refused,
      Array.from({ length: 4 }, () => 'ERR_CARILLON_NO_EPOLL'),
    )
    t.is(lines.length, 1)
    t.regex(lines[0].msg, /Node's net/)
    t.true(lines[0].reason.includes(addon), lines[0].reason)
  }
})

test('where it loads there is no such line', async (t) => {
  const addon = join(REPOSITORY, 'native/build/Release/carillon.node')
  const { echoed, transports, refused, lines } = JSON.parse((await program(addon)).stdout)
  t.deepEqual([echoed, transports, refused, lines], ['ding dong', 'epoll', [], []])
})

/** The package as npm unpacks it: without the scripts of a checkout. */
function unpacked(folder: string): string {
  cpSync(join(REPOSITORY, 'native'), join(folder, 'native'), {
    recursive: true,
    filter: (path) => !path.endsWith('/build'),
  })
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, 'native/build.mjs')
}

test('a compiler that fails at the installation leaves a note, and no failure', (t) => {
  const folder = temporaryFolder(t)
  const build = unpacked(folder)
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [build, ...args], {
      encoding: 'utf8',
      env: {
        ...process.env,
        ...headersSetting(),
        CXX: 'false',
        // Where npm runs this it names its own.
        npm_config_node_gyp: undefined,
      },
    })
  const { status, stdout, stderr } = run('--on-install')
  t.is(status, 0)
  t.is(stdout, '')
  t.regex(stderr, /^carillon: the epoll addon did not build, .*\n$/)
  t.true(stderr.includes(build))
  t.false(existsSync(join(folder, 'native/build/Release/carillon.node')))
  // What the note says shows why.
  t.is(run().status, 1)
  // A node-gyp that cannot be resolved is no other end.
  rmSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'node_modules/node-gyp'), { recursive: true })
  writeFileSync(join(folder, 'node_modules/node-gyp/package.json'), '{ "exports": {} }')
  const without = run('--on-install')
  t.deepEqual([without.status, without.stderr], [0, stderr])
  const why = run()
  t.is(why.status, 1)
  t.regex(why.stderr, /node-gyp is not there/)
  // In a checkout it is for the set-up.
  mkdirSync(join(folder, 'scripts'))
  writeFileSync(join(folder, 'scripts/setup.mjs'), '')
  const inCheckout = run('--on-install')
  t.deepEqual([inCheckout.status, inCheckout.stdout, inCheckout.stderr], [0, '', ''])
})
