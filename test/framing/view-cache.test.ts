import test from 'ava'
import { FullMessageInfo } from '../../src/framing/framing-strategy.ts'
import { LengthPrefixedStrategy } from '../../src/framing/length-prefixed-strategy.ts'
import { VIEW_CACHE_ENTRIES, VIEW_CACHE_TAKEOVER_MISSES } from '../../src/framing/limits.ts'
import { ViewCache } from '../../src/framing/view-cache.ts'

/** A cache that has seen `arena` used again, from where on it keeps views. */
function cacheOver(arena: Buffer): ViewCache {
  const cache = new ViewCache()
  cache.view(arena, 8, 16)
  cache.view(arena, 0, 8)
  return cache
}

test('the same place in memory that is used again is the same view', (t) => {
  const arena = Buffer.from('carillon, bells played from afar')
  const cache = cacheOver(arena)
  const view = cache.view(arena, 10, 15)
  t.is(view.toString(), 'bells')
  t.is(cache.view(arena, 10, 15), view)
  t.is(cache.view(arena.subarray(0, 20), 10, 15), view)
  t.is(cache.view(arena.subarray(4), 6, 11), view)
  arena.write('BELLS', 10)
  t.is(cache.view(arena, 10, 15).toString(), 'BELLS')
})

test('another place or length is another view', (t) => {
  const arena = Buffer.from('carillon, bells played from afar')
  const cache = cacheOver(arena)
  for (let round = 0; round < 3 * VIEW_CACHE_TAKEOVER_MISSES; round++) {
    for (let start = 0; start <= arena.length; start++) {
      for (let end = start; end <= arena.length; end++) {
        const view = cache.view(arena, start, end)
        if (!view.equals(arena.subarray(start, end))) t.fail(`${start} to ${end}: ${view}`)
      }
    }
  }
  t.is(cache.view(arena, 3, 3).length, 0)
})

test('memory that is read into once is not cached', (t) => {
  const cache = new ViewCache()
  const chunk = Buffer.from('once only')
  const view = cache.view(chunk, 0, 4)
  t.is(cache.view(chunk, 5, 9).toString(), 'only')
  t.not(cache.view(chunk, 0, 4), view)
})

test('another memory makes the cache forget, and so does clear', (t) => {
  const arena = Buffer.alloc(64, 'a')
  const cache = cacheOver(arena)
  const view = cache.view(arena, 0, 8)
  const other = Buffer.alloc(64, 'b')
  t.is(cache.view(other, 0, 8).toString(), 'bbbbbbbb')
  t.not(cache.view(arena, 0, 8), view)
  t.is(cache.view(arena, 0, 8).toString(), 'aaaaaaaa')
  const again = cacheOver(arena)
  const cached = again.view(arena, 0, 8)
  t.is(again.view(arena, 0, 8), cached)
  again.clear()
  t.not(again.view(arena, 0, 8), cached)
})

for (const lengths of [[0], [1], [4, 5], [64], [68, 7], [16, 64, 250], [1000]]) {
  test(`messages of ${lengths} bytes, one behind the other, are each found again`, (t) => {
    const arena = Buffer.alloc(16_384)
    const cache = cacheOver(arena)
    const read = () => {
      const views: Buffer[] = []
      let end = 0
      while (end < arena.length - 300) {
        const start = end + 4
        end = start + (lengths[views.length % lengths.length] as number)
        views.push(cache.view(arena, start, end))
      }
      return views
    }
    // The views that told the cache of the second use may be in the way at first.
    for (let misses = 0; misses < VIEW_CACHE_TAKEOVER_MISSES; misses++) read()
    const views = read()
    t.true(read().every((view, index) => view === views[index]))
  })
}

test('places that share an entry do not take it from each other every time', (t) => {
  const distance = 64 * VIEW_CACHE_ENTRIES
  const arena = Buffer.alloc(2 * distance)
  const cache = cacheOver(arena)
  const first = cache.view(arena, 64, 128)
  const offsetOf = (start: number) =>
    cache.view(arena, start, start + 64).byteOffset - arena.byteOffset
  for (let miss = 1; miss < VIEW_CACHE_TAKEOVER_MISSES; miss++) {
    t.is(offsetOf(64 + distance), 64 + distance)
    t.is(cache.view(arena, 64, 128), first)
  }
  t.is(offsetOf(64 + distance), 64 + distance)
  const second = cache.view(arena, 64 + distance, 128 + distance)
  t.is(cache.view(arena, 64 + distance, 128 + distance), second)
  t.not(cache.view(arena, 64, 128), first)
})

test('borrowed messages come from the cache, owned ones never', (t) => {
  const arena = Buffer.alloc(64)
  arena.write('\x05bells', 32)
  for (const borrowed of [true, false]) {
    const info = new FullMessageInfo(borrowed, cacheOver(arena))
    const strategy = new LengthPrefixedStrategy({ lengthBytes: 1 })
    const read = () => {
      info.reset()
      t.is(strategy.processDataAt(arena, 32, info), 6)
      t.is(info.buffer.toString(), 'bells')
      return info.buffer
    }
    const message = read()
    t.is(read() === message, borrowed)
  }
})

test('an info that was reset is as a fresh one', (t) => {
  const info = new FullMessageInfo()
  const strategy = new LengthPrefixedStrategy({ lengthBytes: 1, maxMessageBytes: 5 })
  strategy.processData(Buffer.from([5, 1]), info)
  strategy.processData(Buffer.from([2, 3, 4, 5]), info)
  t.true(info.complete)
  t.deepEqual([...info.buffer], [1, 2, 3, 4, 5])
  info.reset()
  t.deepEqual(info, new FullMessageInfo())
  t.is(strategy.processData(Buffer.from([6]), info), -1)
  info.reset()
  t.deepEqual(info, new FullMessageInfo())
})
