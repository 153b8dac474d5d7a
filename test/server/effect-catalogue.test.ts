import test from 'ava'
import { effectLines } from '../../src/cli/effects-command.ts'
import { EffectCatalogue } from '../../src/server/effect-catalogue.ts'
import { EffectInfo } from '../../src/shm/shared-mem.ts'
import { memoryOver, viewStruct } from '../../src/shm/struct-view.ts'

const ESCAPES = '\x1b]0;x\x07\r\n'

/** What a core tells of an effect. */
function info(name: string, summary = ''): Uint8Array {
  const bytes = new Uint8Array(EffectInfo.bytes)
  const view = viewStruct(EffectInfo, memoryOver(bytes), 0, 'core')
  Object.assign(view, { name, summary, paramCount: 1 })
  const [param] = view.params
  if (param === undefined) throw new Error('an effect has parameters')
  Object.assign(param, { name: `k${ESCAPES}`, unit: `u${ESCAPES}` })
  return bytes
}

test('effects are taken in order, whole, and each with a name of its own', (t) => {
  const catalogue = new EffectCatalogue()
  t.true(catalogue.add(0, info('gain')))
  t.false(catalogue.add(0, info('other')))
  t.false(catalogue.add(2, info('other')))
  t.false(catalogue.add(1, info('other').subarray(1)))
  t.false(catalogue.add(1, info('gain', 'another one')))
  t.is(catalogue.describe()[0]?.summary, '')
  t.true(catalogue.add(1, info('other')))
  t.deepEqual(catalogue.names, ['gain', 'other'])
})

test('what firmware says of itself drives no terminal', (t) => {
  const catalogue = new EffectCatalogue()
  t.true(catalogue.add(0, info(`e${ESCAPES}`, `does${ESCAPES}`)))
  const [described] = catalogue.describe()
  t.notRegex(JSON.stringify(described), /\\u00|\\r|\\n/)
  // Nor does what a server says, which may be another one.
  const unit = ESCAPES
  const parameter = {
    name: ESCAPES,
    unit,
    min: 0,
    max: 1,
    default: 0,
    required: false,
    maxValues: 0,
  }
  const lines = effectLines({
    ...{ name: ESCAPES, summary: ESCAPES },
    parameters: [{ ...parameter, scale: 0 }],
  })
  t.is(lines.split('\n').length, 3)
  t.false(lines.includes('\x1b') || lines.includes('\r'))
})
