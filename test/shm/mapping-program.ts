// Does what its first argument says to a mapping of the file that its second names, and prints what
// came of it: for what ends a process, and what its environment decides.
import { ftruncateSync, openSync } from 'node:fs'
import { errorCode, errorMessage } from '../../src/errors.ts'
import { mapperNamed } from '../../src/shm/mappers.ts'
import { Mapping, pageBytes } from '../../src/shm/mapping.ts'

const [, , deed = '', path = ''] = process.argv
const fd = openSync(path, 'r+')

function map(offset = 0): Mapping {
  return new Mapping({ fd, offset, bytes: pageBytes(), writable: true })
}

const DEEDS: Record<string, () => unknown> = {
  map: () => map().bytes.length,
  'map beyond 2 GiB': () => {
    ftruncateSync(fd, 2 ** 31 + pageBytes())
    return map(2 ** 31).bytes.length
  },
  unmap: () => {
    const mapping = map()
    const { bytes } = mapping
    mapping.unmap()
    return bytes.length
  },
  'cut it short': () => {
    const { bytes } = map()
    ftruncateSync(fd, 0)
    return bytes[0]
  },
  'cut what is not guarded short': () => {
    map()
    const mapper = mapperNamed('addon')
    if ('reason' in mapper) return mapper.reason
    const place = { fd, offset: 0, bytes: pageBytes(), writable: true }
    const bytes = new Uint8Array(mapper.map(place))
    ftruncateSync(fd, 0)
    return bytes[0]
  },
  'be sent the signal': () => {
    map()
    process.kill(process.pid, 'SIGBUS')
    // The signal of a process to itself is there before this returns.
    return 'it goes on'
  },
  'be sent the signal, and listen': () => {
    const alive = setInterval(() => {}, 1000)
    process.once('SIGBUS', () => {
      clearInterval(alive)
      process.stdout.write(JSON.stringify('heard'))
    })
    map()
    process.kill(process.pid, 'SIGBUS')
  },
}

try {
  const result = DEEDS[deed]?.()
  if (result !== undefined) process.stdout.write(JSON.stringify(result))
} catch (error) {
  process.stdout.write(JSON.stringify({ code: errorCode(error), message: errorMessage(error) }))
}
