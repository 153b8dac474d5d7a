// A thread that starts and stops engines, or has one with clients until it is ended.
import { parentPort, workerData } from 'node:worker_threads'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { startAndStop } from './engine-starts.ts'
import { RecordingEngine } from './recording-engine.ts'

export interface EngineThreadData {
  /** 0: one engine, which is not stopped. */
  readonly starts: number
  /** Whether its hook for messages does not return. */
  readonly hangs?: boolean
}

const CLIENTS = 5

async function serve(hangs: boolean): Promise<void> {
  const message = () => {
    parentPort?.postMessage('hangs')
    for (;;);
  }
  const engine = new RecordingEngine(hangs ? { message } : {}, { transport: new EpollTransport() })
  engine.init(0)
  parentPort?.postMessage(await engine.start())
  engine.sender()
  await engine.untilLogged(`connected ${CLIENTS}`)
  parentPort?.postMessage('connected')
}

const { starts, hangs = false } = workerData as EngineThreadData
if (starts === 0) await serve(hangs)
else await startAndStop(starts)
