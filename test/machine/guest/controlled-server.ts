// A server of a board whose cores are started, stopped, restarted and loaded by who connects to the
// console's port: a line for each, `start N`, `stop N`, `restart N`, `reload FIRMWARE`, `end`, and a line
// of JSON in answer. `node controlled-server.js BOARD FIRMWARE`
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { readBoard } from '../../../src/cores/read-board.ts'
import { errorCode, errorMessage } from '../../../src/errors.ts'
import { CarillonServer } from '../../../src/server/carillon-server.ts'

/** As the machine's own server has them. */
const PORT = 5555
const CONTROL_PORT = 8080
const HOST = '0.0.0.0'

const [, , board = '', firmware = ''] = process.argv
const logger = pino()
const server = await CarillonServer.start({
  ...{ host: HOST, port: PORT, core: `board:${board}`, firmware, logger },
  cores: readBoard(board).cores.firmware.length,
})
const control = createServer(async (socket) => {
  for await (const line of createInterface(socket)) {
    const answer = await obey(line).catch((error) => {
      return { code: errorCode(error), error: errorMessage(error) }
    })
    socket.write(`${JSON.stringify(answer)}\n`)
  }
})
control.listen(CONTROL_PORT, HOST, () => logger.info({ event: 'ready', port: PORT }, 'ready'))

async function obey(line: string): Promise<object> {
  const [word = '', argument = ''] = line.split(' ')
  if (word === 'start' || word === 'stop' || word === 'restart') {
    await server.core(Number(argument))[word]()
  } else if (word === 'reload') {
    await server.reload(argument)
  } else if (word === 'end') {
    await server.stop()
    control.close()
  } else {
    throw new Error(`nobody knows "${line}" here`)
  }
  return {}
}
