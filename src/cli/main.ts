#!/usr/bin/env node
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../package-root.ts'
import { runCompiled } from './compiled-script.ts'

/** The file of `program.ts` with all that it needs, which the bundler names after what is in it. */
declare const PROGRAM_FILE: string

/**
 * What V8 made of the code, kept from one run to the next. In the package and nowhere else, because
 * who can write there can change the code itself; where it cannot be written to, nothing is kept.
 */
const COMPILED = join(PACKAGE_ROOT, 'dist/.compile-cache')

runCompiled(join(PACKAGE_ROOT, 'dist/cli', PROGRAM_FILE), COMPILED)
