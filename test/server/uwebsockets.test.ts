import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ConsoleUnavailableError } from '../../src/server/errors.ts'
import { loadUWebSockets } from '../../src/server/uwebsockets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('where the package is not installed, the error says how to get it', (t) => {
  const error = t.throws(() => loadUWebSockets('uWebSockets.js-that-nobody-has'), {
    instanceOf: ConsoleUnavailableError,
    code: 'ERR_CARILLON_CONSOLE_UNAVAILABLE',
    message: /which is not installed\. To get it: npm install uWebSockets\.js@npm:uwebsockets/,
  })
  t.false(error.message.includes('\n'))
})

test('where no build of the package loads, the error says why in one line', (t) => {
  for (const [thrown, reason] of [
    [
      "only Node.js 16.\\n\\nError: version `GLIBC_2.38' not found",
      "Error: version `GLIBC_2.38' not found",
    ],
    [
      'only Node.js 16.\\n\\nError: Cannot find module a\\nRequire stack:\\n- b',
      'Error: Cannot find module a',
    ],
    ['something else', 'something else'],
  ] as const) {
    const broken = join(temporaryFolder(t), 'broken.cjs')
    writeFileSync(broken, `throw new Error("${thrown}")`)
    const error = t.throws(() => loadUWebSockets(broken), {
      instanceOf: ConsoleUnavailableError,
      code: 'ERR_CARILLON_CONSOLE_UNAVAILABLE',
    })
    t.true(
      error.message.includes(
        `no build that loads with Node ${process.versions.node} here (${reason})`,
      ),
    )
    t.false(error.message.includes('\n'))
  }
})
