// `npm test [FILE_OR_MATCH...]`: set-up, lint, the header check and the tests, closed by one line of counts.
import { onSupportedNode } from './setup/node-support.mjs'

onSupportedNode(() => import('./testing/main.mjs'))
