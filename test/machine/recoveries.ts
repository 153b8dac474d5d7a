import { equal } from 'node:assert/strict'
import { once } from 'node:events'
import { errorCode } from '../../src/errors.ts'
import { coreStates, DRIVER, type Machine, outputOf } from '../support/linux-machine.ts'
import { type SteadyClient, steadyClients } from './steady-client.ts'

/** What a client's connection ends with where the server, or all of Linux, goes. */
const DISCONNECTED = 'ERR_CARILLON_DISCONNECTED'

/**
 * Kills the server while a client streams on each core, and waits until it has started again: the cores
 * run on meanwhile, and are the next server's.
 */
export async function killServer(machine: Machine, cores: number): Promise<void> {
  const clients = await streaming(machine, cores)
  const states = await coreStates(machine)
  const ready = once(machine, 'ready')
  // In one command: before the next server is there.
  const meanwhile = await outputOf(
    machine,
    `kill -9 $(cat /run/server) && cat ${DRIVER}/core_states`,
  )
  equal(meanwhile, states)
  await disconnected(clients)
  await ready
  await passStreams(machine, cores)
  equal(await coreStates(machine), states)
}

/** Reboots Linux while a client streams on each core; the next server has all cores again. */
export async function rebootLinux(machine: Machine, cores: number): Promise<void> {
  const clients = await streaming(machine, cores)
  const states = await coreStates(machine)
  const ended = disconnected(clients)
  await machine.reboot()
  await ended
  await passStreams(machine, cores)
  equal(await coreStates(machine), states)
}

/** Has streams pass on each core. */
export async function passStreams(machine: Machine, cores: number): Promise<void> {
  const clients = await streaming(machine, cores)
  await Promise.all(clients.map((client) => client.leave()))
}

/** A client on each core, of which each has had a stream. */
async function streaming(machine: Machine, cores: number): Promise<SteadyClient[]> {
  const clients = await steadyClients(machine.port, cores)
  await Promise.all(clients.map((client) => client.passed()))
  return clients
}

async function disconnected(clients: readonly SteadyClient[]): Promise<void> {
  for (const error of await Promise.all(clients.map(({ ended }) => ended))) {
    equal(errorCode(error), DISCONNECTED)
  }
}
