import test from 'ava'
import { carillon } from '../support/carillon-command.ts'
import { startServer } from '../support/carillon-server.ts'

test('the effects of the firmware are listed, with what their keys take', async (t) => {
  const server = await startServer(t)
  const { code, stdout, stderr } = await carillon(t, 'effects', '--server', server.address)
  t.is(code, 0, stderr)
  t.regex(
    stdout,
    /^lowpass {2}.+\.\n {2}hz +.* Hz, required\n {2}q +0\.01 to 100, default 0\.7071$/m,
  )
  t.regex(stdout, /^ {2}taps +1 to 16384 values, each -1000000 to 1000000, required$/m)
  t.regex(stdout, /^ {2}decay +0\.05 to 60 s, default 2 s$/m)
})

test('without a server it starts one of its own, and leaves nothing of it', async (t) => {
  const { code, stdout, stderr } = await carillon(t, 'effects')
  t.is(code, 0, stderr)
  t.regex(stdout, /^gain {2}/m)
})

test('a server that is not there is an error', async (t) => {
  const server = await startServer(t)
  await server.end('SIGTERM')
  const { code, stderr } = await carillon(t, 'effects', '--server', server.address)
  t.is(code, 1)
  t.regex(stderr, /\[ERR_CARILLON_CONNECT\]/)
})
