import { readdirSync, statfsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { createRegionFile } from '../../src/server/region-file.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('the shared file is made where it belongs, without a word', (t) => {
  const { logger, lines } = recordingLogger()
  const folder = temporaryFolder(t)
  const region = createRegionFile({ cores: 1 }, logger, [folder, temporaryFolder(t)])
  t.is(dirname(region.path), folder)
  t.deepEqual(lines, [])
  region.remove()
})

test('without shared memory it is made among the temporary files, with a warning', (t) => {
  const { logger, lines } = recordingLogger()
  const folder = temporaryFolder(t)
  const absent = join(folder, 'absent')
  const region = createRegionFile({ cores: 1 }, logger, [absent, folder])
  t.is(dirname(region.path), folder)
  t.is(lines.length, 1)
  t.like(lines[0], { level: 40, code: 'ERR_CARILLON_MAPPING', region: region.path })
  t.regex(String(lines[0]?.msg), /absent.* could not be opened: .*no such file or directory/)
  region.remove()
})

test('where it can be made nowhere, all reasons are told, and what to do', (t) => {
  const { logger } = recordingLogger()
  const folder = temporaryFolder(t)
  const file = join(folder, 'file')
  writeFileSync(file, '')
  t.throws(() => createRegionFile({ cores: 1 }, logger, [join(folder, 'absent'), file]), {
    code: 'ERR_CARILLON_MAPPING',
    message: /nowhere: .*no such file.*; .*not a directory.*\. Make room in .* TMPDIR$/,
  })
  t.deepEqual(readdirSync(folder), ['file'])
})

test('an option out of its range is not tried twice', (t) => {
  const { logger, lines } = recordingLogger()
  const folder = temporaryFolder(t)
  t.throws(() => createRegionFile({ cores: 0 }, logger, [folder, folder]), {
    code: 'ERR_CARILLON_ARGUMENT',
  })
  t.deepEqual(lines, [])
})

test('where there is no room for what its file gets later, it is made elsewhere', (t) => {
  const { logger, lines } = recordingLogger()
  const [full, folder] = [temporaryFolder(t), temporaryFolder(t)]
  const { bavail, bsize } = statfsSync(folder)
  const options = { cores: 1, roomBytes: 2 * bavail * bsize }
  t.throws(() => createRegionFile(options, logger, [full, folder]), {
    code: 'ERR_CARILLON_MAPPING',
    message: /has \d+ bytes left, and the memory of the cores takes up to \d+/,
  })
  t.deepEqual([...readdirSync(full), ...readdirSync(folder)], [])
  const region = createRegionFile({ cores: 1, roomBytes: 4096 }, logger, [folder])
  region.remove()
  t.deepEqual(lines, [])
})
