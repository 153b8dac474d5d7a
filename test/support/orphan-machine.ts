// Starts a machine, prints its process's number and is killed: `node orphan-machine.js REGION`.
import { VirtMachine } from '../../src/cores/virt-machine.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'

const region = SharedRegion.create(process.argv[2] ?? '', { cores: 1 })
const machine = await VirtMachine.start({ region })
console.log(machine.pid)
