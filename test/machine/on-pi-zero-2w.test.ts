import test from 'ava'

const BOARD = 'pi-zero-2w'

// Its Linux takes several times as long to start as that of qemu-virt.
if (process.env.CARILLON_MACHINES?.split(',').includes(BOARD)) {
  process.env.CARILLON_MACHINE = BOARD
  await import('./suite.ts')
} else {
  test.skip(`${BOARD}: the machine (ONLY with CARILLON_MACHINES=${BOARD})`, (t) => t.fail())
}
