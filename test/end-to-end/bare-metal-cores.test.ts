import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { CarillonClient } from '../../src/client/index.ts'
import type { QemuBoard } from '../../src/cores/qemu-board.ts'
import { carillon } from '../support/carillon-command.ts'
import { type ServingProcess, startServer } from '../support/carillon-server.ts'
import { BOARDS, boardTest } from '../support/needs-board.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { streamVerified } from '../support/verified-stream.ts'
import { SPEECH } from '../support/wav-files.ts'

const [SPOKEN = ''] = SPEECH

function startBareMetal(t: ExecutionContext, { kind }: QemuBoard, cores: number) {
  return startServer(t, '--no-console', '--core', kind, '--cores', `${cores}`)
}

/** The processes of a server's machines: its children that are QEMU. */
function machinesOf({ pid }: ServingProcess): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      // "(name) state parent"; a process that has ended meanwhile has none.
      const [, command, parent] = /\((.*)\) . (\d+)/.exec(statOf(name)) ?? []
      return command?.startsWith('qemu-system') && Number(parent) === pid
    })
    .map(Number)
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}

/** Passes blocks through four streams at once, which the server spreads over its cores. */
async function passStreams(server: ServingProcess): Promise<number> {
  const client = await CarillonClient.connect({ port: server.port, name: 'streams' })
  let blocks = 0
  try {
    const streams = [1, 2, 3, 4].map((seed) => {
      let state = seed
      const random = () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        return state / 2 ** 32
      }
      return streamVerified(client, { random, blocks: 50, onBlock: () => blocks++ })
    })
    await Promise.all(streams)
    return blocks
  } finally {
    await client.close()
  }
}

for (const board of BOARDS) {
  const qemuTest = boardTest(board)

  qemuTest(
    'a server of bare-metal cores echoes streams bit for bit, and stops in order',
    async (t) => {
      const server = await startBareMetal(t, board, 4)
      t.is(machinesOf(server).length, 1, 'one machine for all cores')
      t.is(await passStreams(server), 200)
      t.is(await server.end('SIGINT'), 0)
      t.deepEqual(
        server.log.filter(({ level }) => level > 30),
        [],
      )
    },
  )

  qemuTest('a recording through an effect is what it is from hosted cores', async (t) => {
    const folder = temporaryFolder(t)
    const servers = [await startBareMetal(t, board, 1), await startServer(t)]
    const outputs: Buffer[] = []
    for (const [index, server] of servers.entries()) {
      const output = join(folder, `${index}.wav`)
      const effect = ['--effect', 'lowpass:hz=1000,q=0.7', '--effect', 'gain:db=-6']
      const { code, stderr } = await carillon(
        t,
        ...['process', SPOKEN, output, '--server', server.address, ...effect],
      )
      t.is(code, 0, stderr)
      outputs.push(readFileSync(output))
    }
    const [bareMetal, hosted] = outputs
    // In 16 bits, a difference of -120 dBFS may turn a sample by one step; here it does not.
    t.true(bareMetal !== undefined && hosted?.equals(bareMetal))
  })

  qemuTest(
    'a machine that is killed is an error of its streams, and another is started',
    async (t) => {
      const server = await startBareMetal(t, board, 2)
      const [machine = 0] = machinesOf(server)
      process.kill(machine, 'SIGKILL')
      await server.logged(({ code }) => code === 'ERR_CARILLON_CORE_LOST')
      // It is soon there, with each core.
      for (;;) {
        try {
          t.is(await passStreams(server), 200)
          break
        } catch (error) {
          t.like(error, { code: 'ERR_CARILLON_CORE_UNAVAILABLE' })
          await setImmediate()
        }
      }
      const machines = machinesOf(server)
      t.is(machines.length, 1)
      t.not(machines[0], machine)
      t.is(await server.end('SIGINT'), 0)
      t.deepEqual(machinesOf(server), [])
    },
  )
}
