import { onSupportedNode } from './setup/node-support.mjs'

onSupportedNode(() => import('./machine/machine-main.mjs'))
