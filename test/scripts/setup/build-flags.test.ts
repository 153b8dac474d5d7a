import test from 'ava'
import { importScript } from '../../support/repository.ts'

const { cxxFlags } = await importScript<{
  cxxFlags(own: string | undefined, version: string): string | undefined
}>('setup/build-flags.mjs')

test('from Node 23 on, C++20 is asked for', (t) => {
  t.is(cxxFlags('', '24.21.0'), '-std=gnu++20')
  t.is(cxxFlags('', '26.10.0'), '-std=gnu++20')
})

test("the user's own flags are kept", (t) => {
  t.is(cxxFlags('-O2 -g', '24.21.0'), '-O2 -g -std=gnu++20')
  t.is(cxxFlags('-O2', '20.20.2'), '-O2')
})

test("a language standard of the user's is theirs to choose", (t) => {
  t.is(cxxFlags('-std=c++23', '26.10.0'), '-std=c++23')
})

test('where the headers are content with what mmap-io asks for, nothing is added', (t) => {
  t.is(cxxFlags('', '20.20.2'), '')
  t.is(cxxFlags('', '22.12.0'), '')
})
