import { optionValue } from '../option-value.mjs'

/** QEMU's board `virt`: what Linux on it is made of and started with. */
export const qemuVirt = {
  name: 'qemu-virt',
  /** What depends on Debian's newest kernel for virtual machines. */
  kernelPackage: 'linux-image-cloud-arm64',
  /** In the order in which they load. */
  modules: [
    'drivers/virtio/virtio_ring',
    'drivers/virtio/virtio',
    'drivers/virtio/virtio_mmio',
    'drivers/block/virtio_blk',
    'net/core/failover',
    'drivers/net/net_failover',
    'drivers/net/virtio_net',
    'drivers/uio/uio',
  ],
  /** What the server in it is started with, besides where it listens. */
  serve: ['--core', 'board:qemu-virt', '--cores', '3'],
  /** What the cores run, where it is built. */
  firmware: ['firmware/build/qemu-virt/carillon-core.elf'],
  console: 'ttyAMA0',
  /**
   * A kernel that was moved at random keeps its page tables from programs, though no Cortex-A53 needs that:
   * two changes of tables for each system call and interrupt, by each of which QEMU forgets every address
   * that it has translated. A round trip through Node then makes it forget 45 times.
   */
  kernelArguments: ['kpti=off'],
  /**
   * The machine itself, without what is plugged into it. `accel` is that of the cores: one thread each, or
   * their atomics are none for one another.
   */
  machine: (board) => [
    ...['-M', 'virt,gic-version=2', '-cpu', 'cortex-a53', '-accel', 'tcg,thread=multi'],
    ...['-smp', `${board.cores.linux.length + board.cores.firmware.length}`],
    ...['-m', `${board.memory.ram.bytes / 2 ** 20}M`],
  ],
  disk: (file, index) => [
    ...['-drive', `if=none,id=disk${index},format=raw,readonly=on,file=${optionValue(file)}`],
    ...['-device', `virtio-blk-device,drive=disk${index}`],
  ],
  network: (id) => ['-device', `virtio-net-device,netdev=${id}`],
}
