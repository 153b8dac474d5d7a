import { match, rejects } from 'node:assert/strict'
import { CarillonClient } from '../../src/client/index.ts'
import { linuxAddress, type Machine, type TestImage } from '../support/linux-machine.ts'
import { PROVOKE, type Provoked } from '../support/provoked-faults.ts'
import { PATIENCE } from '../support/soak.ts'
import { blocksOf } from './life-cycle.ts'
import type { ServerControl } from './server-control.ts'
import { type SteadyClient, steadyClients } from './steady-client.ts'

/** A core that writes to Linux's memory, and what else may happen to it. */
const TRESPASS = 'trespass'
const FAULTS = [
  ...[TRESPASS, 'undefined', 'read', 'write', 'jump', 'stack', 'assert'],
] as readonly (Provoked | typeof TRESPASS)[]

export interface FaultsOptions {
  readonly board: string
  readonly cores: number
  readonly firmware: Pick<TestImage, 'faultyFirmware'>
  readonly faults: number
  readonly report: (text: string) => void
}

/**
 * Makes one core after the other fault, while a client streams on each: on the others they lose nothing,
 * and the core comes back by itself. The first fault is a write to Linux's memory.
 */
export async function coreFaults(
  machine: Machine,
  control: ServerControl,
  options: FaultsOptions,
): Promise<void> {
  const { board, cores, firmware, faults, report } = options
  await control.reload(firmware.faultyFirmware)
  const clients = await steadyClients(machine.port, cores)
  for (let count = 0; count < faults; count++) {
    const kind = FAULTS[count % FAULTS.length] ?? TRESPASS
    const victim = clients[count % cores] as SteadyClient
    victim.expectLoss()
    const touched = touchedBy(machine, victim.core)
    await provoke(machine.port, victim.core, kind)
    const address = await touched
    if (kind === TRESPASS) match(address, new RegExp(`^0x${linuxAddress(board).toString(16)}$`))
    await Promise.all(
      clients.map((client) => (client === victim ? client.recovered() : client.passed())),
    )
    report(`${count + 1} faults; ${blocksOf(clients)}`)
  }
  await Promise.all(clients.map((client) => client.leave()))
}

/** Resolves with the address that the next fault of a core has touched, as the server logs it. */
function touchedBy(machine: Machine, core: number): Promise<string> {
  return new Promise((resolve) => {
    const hear = (line: string) => {
      if (!line.includes('ERR_CARILLON_CORE_FAULT')) return
      const logged = JSON.parse(line) as { core?: number; touched?: string }
      if (logged.core !== core || logged.touched === undefined) return
      machine.off('line', hear)
      resolve(logged.touched)
    }
    machine.on('line', hear)
  })
}

async function provoke(port: number, core: number, kind: (typeof FAULTS)[number]): Promise<void> {
  const client = await CarillonClient.connect({ port, name: kind, ...PATIENCE })
  const effect =
    kind === TRESPASS
      ? { name: 'fir', parameters: { taps: [1, 0, 0] } }
      : { name: 'fault', parameters: { kind: PROVOKE[kind] } }
  await rejects(
    async () => {
      const stream = await client.openStream({
        ...{ sampleRateHz: 48_000, channels: 1, core, effects: [effect] },
        onBlock: () => {},
      })
      await stream.send(new Float32Array(64))
      await stream.close()
    },
    { code: 'ERR_CARILLON_CORE_FAULT' },
  )
  await client.close()
}
