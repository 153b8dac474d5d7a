import { repository } from '../repository.mjs'
import { setUp } from './set-up.mjs'
import { explain } from './setup-error.mjs'

try {
  setUp(repository, { isQuiet: process.argv.includes('--quiet') })
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}
