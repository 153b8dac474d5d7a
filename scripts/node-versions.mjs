// `node scripts/node-versions.mjs MAJOR... [FILE_OR_MATCH...]`: tests on other versions of Node,
// by default the end-to-end ones.
import { onSupportedNode } from './setup/node-support.mjs'

onSupportedNode(() => import('./node-versions/main.mjs'))
