import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'ava'
import { DescriptorsError } from '../../src/reactor/errors.ts'
import { orDescriptorsError, SystemError, systemError } from '../../src/reactor/system-error.ts'

const LIMIT =
  'this process has as many open files as it may: ulimit -n says how many, and raises it'

test('what finds no descriptor left says which limit it is', (t) => {
  const program = join(import.meta.dirname, 'without-descriptors-program.js')
  const words = ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, program]
  const lines = execFileSync('sh', words, { encoding: 'utf8' }).trim().split('\n')
  const told = lines.map((line) => JSON.parse(line) as Record<string, string>)
  const calls = ['eventfd', 'socketpair', 'epoll_ctl', 'timerfd_create', 'epoll_create1']
  const code = 'ERR_CARILLON_DESCRIPTORS'
  t.deepEqual(
    told,
    calls.map((what) => ({ what, code, message: `${what}: ${LIMIT}`, cause: 'EMFILE' })),
  )
})

test('the limit of the system is another one, and other errors are as they were', (t) => {
  const full = systemError('eventfd', 23)
  t.true(full instanceof DescriptorsError)
  t.true(full.message.includes('/proc/sys/fs/file-max'))
  t.like(full.cause, { code: 'ENFILE', syscall: 'eventfd' })
  const other = systemError('eventfd', -22)
  t.true(other instanceof SystemError)
  t.like(other, { code: 'EINVAL' })
  t.is(orDescriptorsError('no error'), 'no error')
})
