import { overlay } from '../device-tree.mjs'
import { optionValue } from '../option-value.mjs'

const STUB = 'scripts/machine/boards/pi-zero-2w/boot-stub.S'
const PARKING = 'firmware/port/pi-zero-2w/parking'

/**
 * Where QEMU has disks: in memory, of which its board has twice as much as the Zero 2 W. What it has
 * otherwise is a USB port, which is the network's.
 */
const DISKS = [
  { address: 0x2000_0000, bytes: 0x1000_0000 },
  { address: 0x3000_0000, bytes: 0x0800_0000 },
]

/** Raspberry Pi Zero 2 W, emulated as QEMU's `raspi3b`: what Linux on it is made of and started with. */
export const piZero2W = {
  name: 'pi-zero-2w',
  /** What depends on Debian's newest kernel: the one for virtual machines does not know the chip. */
  kernelPackage: 'linux-image-arm64',
  /** In the order in which they load. */
  modules: [
    // Turns the machine off.
    'drivers/watchdog/bcm2835_wdt',
    'drivers/usb/phy/phy-generic',
    'drivers/usb/common/usb-common',
    'drivers/usb/core/usbcore',
    'drivers/usb/roles/roles',
    'drivers/usb/gadget/udc/udc-core',
    'drivers/usb/dwc2/dwc2',
    'drivers/net/mii',
    'drivers/net/usb/usbnet',
    'drivers/net/usb/cdc_ether',
    'crypto/crc32c_generic',
    'fs/jbd2/jbd2',
    'fs/mbcache',
    'lib/crc16',
    'fs/ext4/ext4',
    'drivers/nvdimm/libnvdimm',
    'drivers/nvdimm/of_pmem',
    'drivers/dax/dax',
    'drivers/nvdimm/nd_btt',
    'drivers/nvdimm/nd_pmem',
    'drivers/uio/uio',
  ],
  /** The board's own tree, of the kernel's; board.json changes it by an overlay, as on a card. */
  deviceTree: 'broadcom/bcm2837-rpi-zero-2-w.dtb',
  /** What of that is otherwise in QEMU, besides. */
  emulation: overlay(
    "What QEMU's raspi3b has otherwise than the board: USB, no Bluetooth, disks in memory.",
    [
      { path: '/soc/usb@7e980000', lines: ['dr_mode = "host";'] },
      { path: '/soc/serial@7e201000/bluetooth', lines: ['status = "disabled";'] },
      {
        path: '/',
        lines: DISKS.map(({ address, bytes }) => {
          const at = address.toString(16)
          return `pmem@${at} { compatible = "pmem-region"; reg = <0x${at} 0x${bytes.toString(16)}>; volatile; };`
        }),
      },
    ],
  ),
  /** What config.txt says on a card, before the overlay: of this board, and so much for its graphics. */
  cardConfig: ['[pi02]', 'gpu_mem=64'],
  /** What runs before Linux. */
  bootStub: {
    sources: [STUB, `${PARKING}.S`],
    includes: [`${PARKING}.h`],
    defines: ({ cores, start, interrupts, bells }) => ({
      CORE_FIRST: cores.firmware[0],
      CORES: cores.firmware.length,
      PARKING_PAGE: start.page,
      LOCAL_CONTROLLER: interrupts.registers,
      MAILBOX: bells.toCore.number,
    }),
  },
  /** What the server in it is started with, besides where it listens. */
  serve: ['--core', 'board:pi-zero-2w', '--cores', '3'],
  /** What the cores run, where it is built. */
  firmware: ['firmware/build/pi-zero-2w/carillon-core.elf'],
  console: 'ttyAMA0',
  /** Of QEMU's memory, what the board has. */
  kernelArguments: ['mem=512M'],
  machine: () => ['-M', 'raspi3b', '-accel', 'tcg,thread=multi'],
  diskBytesMax: DISKS.map(({ bytes }) => bytes),
  disk: (file, index) => [
    '-device',
    `loader,file=${optionValue(file)},addr=0x${DISKS[index].address.toString(16)},force-raw=on`,
  ],
  // In the one port itself: QEMU would put a hub of USB 1 between.
  network: (id) => ['-device', `usb-net,netdev=${id},port=1`],
}
