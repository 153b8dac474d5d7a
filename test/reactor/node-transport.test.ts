import test, { type ExecutionContext } from 'ava'
import { NetTransport } from '../../src/reactor/net-transport.ts'
import { TlsTransport } from '../../src/reactor/tls-transport.ts'
import { needsTool } from '../support/needs-tool.ts'
import { selfSigned } from '../support/self-signed.ts'
import { RecordingEngine } from './recording-engine.ts'

const opensslTest = needsTool(test, 'openssl', 'apt-get install openssl')

for (const [name, run, createTransport] of [
  ['NetTransport', test, () => new NetTransport()],
  ['TlsTransport', opensslTest, () => new TlsTransport(selfSigned())],
] as const) {
  run(`${name} serves one engine at a time`, async (t: ExecutionContext) => {
    const transport = createTransport()
    const [first, second] = [0, 1].map(() => new RecordingEngine({}, { transport }))
    if (first === undefined || second === undefined) throw new Error('there are two engines')
    first.init(0)
    second.init(0)
    const starting = first.start()
    const refused = {
      code: 'ERR_CARILLON_LISTEN',
      message: /this transport listens already; each engine needs one of its own$/,
    }
    await t.throwsAsync(second.start(), refused)
    const { port } = await starting
    await t.throwsAsync(second.start(), refused)
    // Who was refused has taken nothing from who runs.
    await second.stop()
    t.is(first.address?.port, port)
    await first.stop()
    t.true((await second.start()).port > 0)
    await second.stop()
  })

  run(`${name} can listen again where it could not`, async (t: ExecutionContext) => {
    const engine = new RecordingEngine({}, { transport: createTransport() })
    engine.init(0, '192.0.2.1')
    await t.throwsAsync(engine.start(), { code: 'ERR_CARILLON_LISTEN', message: /address not/ })
    engine.init(0)
    t.true((await engine.start()).port > 0)
    await engine.stop()
  })
}
