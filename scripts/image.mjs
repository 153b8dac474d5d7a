// `npm run image -- BOARD`: puts together the machine that Linux and the firmware share.
import { onSupportedNode } from './setup/node-support.mjs'

onSupportedNode(() => import('./machine/image-main.mjs'))
