import { parseArgs } from 'node:util'
import { repository } from '../repository.mjs'
import { setUp } from '../setup/set-up.mjs'
import { explain } from '../setup/setup-error.mjs'
import { machineBoard } from './boards.mjs'
import { buildImage } from './build-image.mjs'
import { cacheFolder } from './cache-folder.mjs'
import { MachineError } from './machine-error.mjs'

const SYNTAX = 'npm run image -- BOARD [--cache FOLDER] [--update]'

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}

async function main(words) {
  const { values, positionals } = parse(words)
  const target = machineBoard(positionals[0])
  setUp(repository)
  const { linux, card } = await buildImage(repository, target, {
    cache: cacheFolder(values.cache),
    isUpdate: values.update,
    tell: (line) => console.error(`${line}…`),
  })
  console.log(
    `The image of ${target.name} is ready: Linux ${linux}; to start it: npm run machine -- ${target.name}`,
  )
  if (card !== undefined)
    console.log(`What goes onto a card is in ${card}; docs/${target.name}.md says how`)
}

function parse(words) {
  try {
    const parsed = parseArgs({
      args: words,
      options: { cache: { type: 'string' }, update: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    if (parsed.positionals.length > 1) throw new Error('one board at a time')
    return parsed
  } catch (error) {
    throw new MachineError('ERR_CARILLON_MACHINE_USAGE', `${SYNTAX}: ${error.message}`)
  }
}
