// `npm run setup`, and what runs before `npm start`: makes ready whatever is missing or stale.
// With --quiet it says nothing but what goes wrong.
import { onSupportedNode } from './setup/node-support.mjs'

onSupportedNode(() => import('./setup/main.mjs'))
