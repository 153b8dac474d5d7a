import { existsSync, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { bareMetalFirmwarePath, HOSTED_FIRMWARE } from '../../src/cores/built-firmware.ts'
import { carillon, startCarillon } from '../support/carillon-command.ts'
import { startServer } from '../support/carillon-server.ts'
import { coreProcesses } from '../support/core-processes.ts'
import { FakeServer } from '../support/fake-server.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { writeOtherFirmware } from '../support/other-firmware.ts'
import { refusingPort } from '../support/refusing-port.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

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

/** Its own server, with cores of a kind and firmware that says other things of itself. */
async function listOther(t: ExecutionContext, core: string, firmware: string): Promise<void> {
  const image = join(temporaryFolder(t), 'firmware')
  writeOtherFirmware(firmware, image, { text: ['Makes the stream', 'MAKES THE STREAM'] })
  const cores = ['--core', core, '--firmware', image]
  const { code, stdout, stderr } = await carillon(t, 'effects', ...cores)
  t.is(code, 0, stderr)
  t.regex(stdout, /^gain {2}MAKES THE STREAM/m)
}

test('hosted: its own server has the firmware that is named', async (t) => {
  await listOther(t, 'hosted', HOSTED_FIRMWARE)
})

for (const board of BOARDS) {
  boardTest(board)('its own server has the firmware that is named', async (t) => {
    await listOther(t, board.kind, bareMetalFirmwarePath(board.kind))
  })
}

test('a server that is not there is an error', async (t) => {
  const server = `127.0.0.1:${await refusingPort(t)}`
  const { code, stderr } = await carillon(t, 'effects', '--server', server)
  t.is(code, 1)
  t.regex(stderr, /\[ERR_CARILLON_CONNECT\]/)
})

test('it can be interrupted while the server answers nothing', async (t) => {
  const server = await FakeServer.start(t, {
    onMessage: ({ describe }) => {
      if (describe) child.kill('SIGINT')
      return Boolean(describe)
    },
  })
  const { child, ended } = startCarillon(t, 'effects', '--server', `127.0.0.1:${server.port}`)
  t.deepEqual(await ended, {
    ...{ code: 130, stdout: '' },
    stderr: 'carillon: interrupted by SIGINT [ERR_CARILLON_INTERRUPTED]\n',
  })
})

test('interrupted while its own server starts, it leaves nothing of it', async (t) => {
  const shared = '/dev/shm'
  const { child, ended } = startCarillon(t, 'effects')
  const isIts = (name: string) => name.startsWith(`carillon-${child.pid}-`)
  const region = await new Promise<string>((resolve) => {
    const look = () => {
      const name = readdirSync(shared).find(isIts)
      if (name === undefined) return
      watcher.close()
      resolve(join(shared, name))
    }
    const watcher = watch(shared, look)
    look()
  })
  child.kill('SIGTERM')
  const { code, stdout } = await ended
  t.deepEqual([code, stdout], [143, ''])
  t.false(existsSync(region))
  t.deepEqual(coreProcesses(region), [])
})
