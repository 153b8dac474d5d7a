import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that this checkout lies in. */
export const repository = dirname(dirname(fileURLToPath(import.meta.url)))
