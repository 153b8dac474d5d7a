import type { Command } from 'commander'
import type { CarillonClient } from '../client/carillon-client.ts'
import type { EffectInfo, ParameterInfo } from '../client/messages.ts'
import { printable } from '../printable.ts'
import { interruptible } from './interruption.ts'
import {
  addServerChoice,
  ownServer,
  type ServerChoice,
  type StartLocalServer,
} from './own-server.ts'
import { print } from './standard-output.ts'
import { withServer } from './with-server.ts'

/** Adds `carillon effects` to the program: what the cores can do, as their firmware says it. */
export function addEffectsCommand(program: Command, startLocalServer: StartLocalServer): void {
  const command = program
    .command('effects')
    .description('list the effects, with the units, ranges and defaults of their keys')
  addServerChoice(command).action(async (choice: ServerChoice) => {
    const start = ownServer(choice, startLocalServer)
    // Loaded only here, for it is more than the other commands have use for.
    const { withClient } = await import('./with-client.ts')
    const effects = await interruptible((signal) =>
      withServer(choice.server, { startLocalServer: start, signal }, (address) =>
        withClient(address, { name: 'carillon effects', signal }, describeEffects),
      ),
    )
    print(effects.map(effectLines).join('\n'))
  })
}

async function describeEffects(client: CarillonClient): Promise<readonly EffectInfo[]> {
  return (await client.describe()).effects
}

/** As much as a line of a terminal or two. */
const SUMMARY_CHARACTERS_MAX = 200

/** The effect and a line for each of its keys. A server may be anybody's. */
export function effectLines({ name, summary, parameters }: EffectInfo): string {
  const keys = parameters.map(
    (parameter) => [`  ${printable(parameter.name)}`, rangeOf(parameter)] as const,
  )
  const width = Math.max(0, ...keys.map(([key]) => key.length)) + 2
  return [
    `${printable(name)}  ${printable(summary, SUMMARY_CHARACTERS_MAX)}`,
    ...keys.map(([key, range]) => key.padEnd(width) + range),
    '',
  ].join('\n')
}

function rangeOf({ unit, min, max, default: value, required, maxValues }: ParameterInfo): string {
  const of = unit === '' ? '' : ` ${printable(unit)}`
  const range = `${shown(min)} to ${shown(max)}${of}`
  const values = maxValues > 0 ? `1 to ${maxValues} values, each ${range}` : range
  return `${values}, ${required ? 'required' : `default ${shown(value)}${of}`}`
}

/** As many digits as a person sets. */
function shown(value: number): string {
  return String(Number(value.toPrecision(4)))
}
