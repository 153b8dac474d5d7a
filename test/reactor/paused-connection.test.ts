import test from 'ava'
import { EpollTransport } from '../../src/reactor/epoll-transport.ts'
import { reactorOf } from './reactor-of.ts'
import { frames, Scene } from './recording-engine.ts'

test('a paused connection whose peer goes on sending wakes nobody again and again', async (t) => {
  const reactor = reactorOf(t)
  const scene = await Scene.open(t, () => new EpollTransport({ reactor }))
  const { engine } = scene
  const paused = await scene.connect()
  const other = await scene.connect()
  engine.client(1).pause()
  for (let turn = 0; turn < 3; turn++) paused.socket.write(frames('waits'))
  await scene.settle()
  const rounds = 50
  const before = reactor.stats().batches
  for (let round = 0; round < rounds; round++) {
    other.socket.write(frames(`${round}`))
    await engine.untilLogged(`message 2 ${round}`)
  }
  const batches = reactor.stats().batches - before
  // Where the paused one were told each time, each turn of the loop would be a batch of its own.
  t.true(batches <= 3 * rounds, `${batches} batches`)
  engine.client(1).resume()
  await engine.untilLogged('message 1 waits')
})

test('a connection that is paused and resumed between two messages gets both', async (t) => {
  const reactor = reactorOf(t)
  const scene = await Scene.open(t, () => new EpollTransport({ reactor }))
  const { engine } = scene
  const peer = await scene.connect()
  for (let round = 0; round < 20; round++) {
    engine.client().pause()
    // Before anything has come, and after.
    if (round % 2 === 0) engine.client().resume()
    peer.socket.write(frames(`${round}`))
    if (round % 2 === 1) {
      await scene.settle()
      engine.client(1).resume()
    }
    await engine.untilLogged(`message 1 ${round}`)
  }
  // Where nobody reads, a peer that breaks off is heard of when it is read from again.
  engine.client(1).pause()
  peer.socket.resetAndDestroy()
  await scene.settle()
  engine.client(1).resume()
  await engine.untilDisconnected(1)
  t.pass()
})
