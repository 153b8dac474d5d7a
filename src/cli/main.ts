#!/usr/bin/env node
import * as module from 'node:module'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../package-root.ts'

/**
 * What V8 made of the code, kept from one run to the next: Node has that from 22.1 on. In the package
 * and nowhere else, because who can write there can change the code itself; where it cannot be written
 * to, nothing is kept.
 */
const COMPILED = join(PACKAGE_ROOT, 'dist/.compile-cache')

const { enableCompileCache } = module as { enableCompileCache?: (folder: string) => unknown }
enableCompileCache?.(COMPILED)

// Only now, so that all of it is kept.
await import('./program.ts')
