import test from 'ava'
import { importScript } from '../../support/repository.ts'

const { aptConfiguration, packagesShown } = await importScript<{
  aptConfiguration(folder: string, native: string, system: string): string
  packagesShown(output: string): object[]
}>('machine/apt-root.mjs')

const SYSTEM = `APT "";
APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";
Acquire::http::Proxy "http://proxy:3142";
Acquire::Check-Valid-Until "false";
Acquire::Languages:: "de";
Acquire::IndexTargets::deb::DEP-11 "";
Dir::State "var/lib/apt";
`

test('our apt reaches the sources as the system’s does, and has nothing else of it', (t) => {
  const lines = aptConfiguration('/folder', 'amd64', SYSTEM).split('\n')
  t.deepEqual(
    lines.filter((line) => line.startsWith('Acquire::')),
    [
      'Acquire::http::Proxy "http://proxy:3142";',
      'Acquire::Check-Valid-Until "false";',
      'Acquire::Languages "none";',
      'Acquire::GzipIndexes "true";',
    ],
  )
  t.false(lines.some((line) => line.includes('Post-Invoke') || line.includes('var/lib')))
  t.true(lines.includes('Dir::State "/folder";'))
  t.true(lines.includes('APT::Architectures { "arm64"; "amd64"; };'))
})

test('on arm64 there is one architecture', (t) => {
  t.true(aptConfiguration('/f', 'arm64', '').includes('APT::Architectures { "arm64"; };'))
})

test('packages are read as apt shows them', (t) => {
  const output = `Package: linux-headers-6.1.0-1-arm64
Source: linux
Version: 6.1.1-1
Architecture: arm64
Depends: linux-headers-6.1.0-1-common (= 6.1.1-1), linux-kbuild-6.1 (>= 6.1.1-1) | other, gcc-12:any
Description: headers
 of the kernel
SHA256: abc

Package: linux-image-arm64
Version: 1:2
Architecture: arm64
SHA256: def

`
  t.deepEqual(packagesShown(output), [
    {
      name: 'linux-headers-6.1.0-1-arm64',
      version: '6.1.1-1',
      architecture: 'arm64',
      depends: ['linux-headers-6.1.0-1-common', 'linux-kbuild-6.1', 'gcc-12'],
      sha256: 'abc',
    },
    {
      name: 'linux-image-arm64',
      version: '1:2',
      architecture: 'arm64',
      depends: [],
      sha256: 'def',
    },
  ])
  t.deepEqual(packagesShown('N: nothing\n'), [])
})
