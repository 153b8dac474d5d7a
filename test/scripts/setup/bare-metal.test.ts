import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { importScript } from '../../support/repository.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { bareMetalFirmware } = await importScript<{
  bareMetalFirmware(root: string): { tools: string[]; isFresh(): boolean }
}>('setup/bare-metal.mjs')
const { missingToolsSentence } = await importScript<{
  missingToolsSentence(names: string[], asRoot: boolean): string
}>('setup/tools.mjs')

/** The step in a checkout where there is no tool at all, in CI or not. */
function withoutTools(t: ExecutionContext, ci: string) {
  const { CI, PATH } = process.env
  const root = temporaryFolder(t)
  const path = join(root, 'path')
  mkdirSync(path)
  Object.assign(process.env, { CI: ci, PATH: path })
  t.teardown(() => {
    process.env.PATH = PATH
    if (CI === undefined) delete process.env.CI
    else process.env.CI = CI
  })
  const step = bareMetalFirmware(root)
  return { tools: step.tools, isFresh: step.isFresh() }
}

test.serial('a machine that cannot compile for bare metal is set up without that', (t) => {
  t.deepEqual(withoutTools(t, ''), { tools: [], isFresh: true })
})

test.serial('in CI the cross compiler has to be there', (t) => {
  const { tools, isFresh } = withoutTools(t, 'true')
  t.false(isFresh)
  t.is(
    missingToolsSentence(tools, true),
    "Carillon's set-up needs aarch64-linux-gnu-gcc (it compiles the bare-metal firmware), not found in PATH; to install: apt-get install gcc-aarch64-linux-gnu picolibc-aarch64-linux-gnu",
  )
})
