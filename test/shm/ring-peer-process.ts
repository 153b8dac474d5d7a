// A RingPeer as a process of its own, with the arguments of firmware/test/ring_peer.c.
import { RingPeer } from '../support/ring-peer.ts'

const [fd = 0, capacity = 0, side = 0, count = 0, waitFd = 0, ringFd = 0] = process.argv
  .slice(2)
  .map(Number)

await new RingPeer({ fd, capacity, side, count, waitFd, ringFd }).exchange()
