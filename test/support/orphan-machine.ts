// Starts a machine, prints its process's number and is killed: `node orphan-machine.js BOARD REGION`.
import { QEMU_BOARDS } from '../../src/cores/qemu-boards.ts'
import { QemuMachine } from '../../src/cores/qemu-machine.ts'
import { SharedRegion } from '../../src/shm/shared-region.ts'

const [, , name = '', path = ''] = process.argv
const board = Object.values(QEMU_BOARDS).find(({ kind }) => kind === name)
if (board === undefined) throw new Error(`there is no board ${name}`)
const region = SharedRegion.create(path, { ...board.place, cores: 1 })
const machine = await QemuMachine.start({ board, region })
console.log(machine.pid)
