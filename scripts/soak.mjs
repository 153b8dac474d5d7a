// `npm run soak -- [NAME] [--minutes N]`: a soak of test/soak/ at full size; without a name, which
// there are.
import { onSupportedNode } from './setup/node-support.mjs'

onSupportedNode(() => import('./soaking/main.mjs'))
