import { homedir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { importScript } from '../../support/repository.ts'

const { cacheFolder } = await importScript<{
  cacheFolder(chosen: string | undefined, environment: Record<string, string>): string
}>('machine/cache-folder.mjs')

test('the option comes before the environment, and that before the user’s cache', (t) => {
  const environment = { CARILLON_CACHE: '/of/carillon', XDG_CACHE_HOME: '/of/the/user' }
  t.is(cacheFolder('/chosen', environment), '/chosen')
  t.is(cacheFolder(undefined, environment), '/of/carillon')
  t.is(cacheFolder(undefined, { XDG_CACHE_HOME: '/of/the/user' }), '/of/the/user/carillon')
})

test('without any of them it is in the home folder', (t) => {
  const usual = join(homedir(), '.cache/carillon')
  t.is(cacheFolder(undefined, {}), usual)
  // As its specification has it: a relative path is none.
  t.is(cacheFolder(undefined, { XDG_CACHE_HOME: 'relative' }), usual)
})

test('a relative folder is one of the working directory', (t) => {
  t.is(cacheFolder('images', {}), join(process.cwd(), 'images'))
})
