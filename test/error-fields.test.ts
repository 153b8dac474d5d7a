import test from 'ava'
import { errorFields } from '../src/error-fields.ts'
import { CarillonError } from '../src/errors.ts'
import { ClientError } from '../src/reactor/errors.ts'
import { SystemError } from '../src/reactor/system-error.ts'
import { recordingLogger } from './support/recording-logger.ts'

test('a line of the log says a reason once', (t) => {
  const { logger, lines } = recordingLogger()
  const cause = new SystemError('read', -32)
  const lost = new ClientError('ERR_CARILLON_CONNECTION_LOST', 'it broke: broken pipe', { cause })
  logger.warn(errorFields(lost), 'client disconnected')
  t.is(JSON.stringify(lines[0]).split('broken pipe').length, 3, 'in the message and the stack')
  t.like(lines[0], {
    code: 'ERR_CARILLON_CONNECTION_LOST',
    err: { message: 'read EPIPE: broken pipe', code: 'EPIPE' },
  })
})

test('an error with nothing behind it is told itself', (t) => {
  const error = new CarillonError('ERR_CARILLON_X', 'x')
  t.deepEqual(errorFields(error), { code: 'ERR_CARILLON_X', err: error })
  const plain = new Error('y', { cause: 'no error' })
  t.deepEqual(errorFields(plain), { err: plain })
})
