import { onSupportedNode } from './setup/node-support.mjs'

onSupportedNode(() => import('./machine/image-main.mjs'))
