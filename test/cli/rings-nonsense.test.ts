import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { RegionWatch } from '../../src/cli/region-watch.ts'
import { ringDump } from '../../src/cli/rings-dump.ts'
import { ringsTable } from '../../src/cli/rings-table.ts'
import { coreRings } from '../../src/shm/core-rings.ts'
import { RegionInspector } from '../../src/shm/region-inspector.ts'
import { LIMITS } from '../../src/shm/shared-mem.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('any bytes in a region give a table and a dump, in lines of plain text', (t) => {
  const path = join(temporaryFolder(t), 'region')
  const region = SharedRegion.create(path, {
    ...{ cores: 1, ringCapacityBytes: LIMITS.RING_CAPACITY_MIN },
  })
  t.teardown(() => region.remove())
  const inspector = new RegionInspector(SharedRegion.attach(path))
  const { words } = region.memory
  const word = fc.oneof(fc.constantFrom(0, 1, 2, 16, 48, 0xffffffff), fc.nat(0xffffffff))
  // Most of them where the header, the ends of the rings and their first records lie.
  const place = fc.oneof(fc.nat(400), fc.nat(words.length - 1))
  const scribbles = fc.array(fc.tuple(place, word), { maxLength: 60 })
  let dumped = 0
  fc.assert(
    fc.property(scribbles, scribbles, fc.nat(200), (first, second, columns) => {
      words.fill(0)
      region.renew()
      // Records that are sound where nothing is written over them.
      const { toCore } = coreRings(region, 0)
      for (let index = 0; index < 4; index++) toCore.write(1, 0, index, new Uint8Array(48))
      toCore.publish()
      const watch = new RegionWatch()
      for (const [atMs, scribble] of [first, second].entries()) {
        for (const [at, value] of scribble) words[at] = value
        const figures = watch.compare({ look: inspector.look(), atMs, isOrphaned: false })
        const text = [
          ...ringsTable(path, figures, columns),
          ...inspector.rings().flatMap((ring) => [...ringDump(ring, 32)]),
        ].join('\n')
        t.regex(text, /^[\x20-\x7e\n]*$/)
        if (text.includes('\n  00000000  ')) dumped++
      }
    }),
    { numRuns: 300 },
  )
  t.true(dumped > 0, 'some of it is records')
})
