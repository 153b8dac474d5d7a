// `npm run machine -- BOARD`: starts it in QEMU, until a signal turns it off.
import { onSupportedNode } from './setup/node-support.mjs'

onSupportedNode(() => import('./machine/machine-main.mjs'))
