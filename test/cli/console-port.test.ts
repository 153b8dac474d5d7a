import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { carillon } from '../support/carillon-command.ts'
import { startServer } from '../support/carillon-server.ts'
import { gatewayTest } from '../support/needs-uwebsockets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { SPEECH } from '../support/wav-files.ts'

const [SPOKEN = ''] = SPEECH

gatewayTest('the console’s port, given for the server’s, is called what it is', async (t) => {
  const server = await startServer(t, '--console-port', '0')
  const console = `127.0.0.1:${server.consolePort}`
  const output = join(temporaryFolder(t), 'out.wav')
  const { code, stderr } = await carillon(t, 'process', SPOKEN, output, '--server', console)
  t.is(code, 1)
  t.true(stderr.includes(`${console} is a web server`), stderr)
  t.true(stderr.includes('[ERR_CARILLON_PROTOCOL]'), stderr)
  t.false(existsSync(output))
})

gatewayTest('a console port in use is an error that says what to do', async (t) => {
  const server = await startServer(t)
  const port = String(server.port)
  const second = await carillon(t, 'serve', '--port', '0', '--console-port', port)
  t.is(second.code, 1)
  t.regex(second.stderr, /\(--console-port 0 picks a free one, --no-console does without\)/)
  t.notRegex(second.stderr, /\(--port 0/)
})
