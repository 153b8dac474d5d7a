import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import test from 'ava'
import { CarillonClient } from '../../src/client/carillon-client.ts'
import { MAIN } from '../support/carillon-command.ts'

/**
 * Runs a command on a terminal of its own, of which it reads as far as the port, which it prints. Passes on
 * SIGTERM, and ends as the command does. A terminal cannot be had from Node.
 */
const ON_TERMINAL = `
import os, pty, re, signal, sys
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
while not (port := re.search(rb'TCP on [^\\r\\n]*?:(\\d+)\\b[^\\d]', seen)):
    seen += os.read(master, 1024)
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
print(port[1].decode(), flush=True)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`

/** More than a terminal keeps of what they make the server log. */
const BAD_CLIENTS = 400

async function sendGarbage(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(Buffer.alloc(12, 0xff))
  await once(socket.resume(), 'close')
}

test('a terminal that nobody reads any more stops neither the service nor its end', async (t) => {
  const command = [process.execPath, MAIN, 'serve', '--port', '0', '--no-console']
  const terminal = spawn('python3', ['-c', ON_TERMINAL, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(terminal, 'exit')
  t.teardown(() => terminal.kill('SIGTERM'))
  const port = Number((await once(createInterface(terminal.stdout), 'line'))[0])
  for (let sent = 0; sent < BAD_CLIENTS; sent += 20) {
    await Promise.all(Array.from({ length: 20 }, () => sendGarbage(port)))
  }
  const client = await CarillonClient.connect({ port })
  t.is((await client.describe()).cores?.length, 1)
  await client.close()
  terminal.kill('SIGTERM')
  t.deepEqual(await ended, [0, null])
})
