import test from 'ava'
import { RestartPolicy } from '../../src/server/restart-policy.ts'

test('a core that has run a while is started again at once', (t) => {
  const policy = new RestartPolicy()
  policy.started(0)
  t.is(policy.ended(1001), 0)
})

test('one that ends at once waits, longer each time, up to five seconds', (t) => {
  const policy = new RestartPolicy()
  const delays = Array.from({ length: 8 }, () => {
    policy.started(0)
    return policy.ended(1000)
  })
  t.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000])
  policy.started(0)
  t.is(policy.ended(5000), 0)
  policy.started(0)
  t.is(policy.ended(1), 100, 'after a good run it begins anew')
})
