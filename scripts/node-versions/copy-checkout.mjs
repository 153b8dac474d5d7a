import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { SetupError } from '../setup/setup-error.mjs'

/** In the copy: the files that came from the checkout. */
const manifest = '.copied-files'

/**
 * Makes `target` hold the checkout's files: those that git tracks, and new ones that it does not
 * ignore. What was built in an earlier copy stays, and a file that has not changed is not touched,
 * so that the next build there has only the changes to do.
 */
export function copyCheckout(root, target) {
  const files = checkoutFiles(root)
  const gone = copiedBefore(target).filter((file) => !files.includes(file))
  for (const file of gone) rmSync(join(target, file), { force: true })
  for (const file of files) copyIfChanged(join(root, file), join(target, file))
  writeFileSync(join(target, manifest), files.join('\n'))
}

function checkoutFiles(root) {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { status, error, stdout, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    throw new SetupError(
      `The files to copy come from git ls-files, which failed: ${error ?? stderr}`,
    )
  }
  const listed = stdout.split('\0').filter((file) => file !== '')
  // git goes on listing a tracked file that was deleted.
  return listed.filter((file) => lstatSync(join(root, file), { throwIfNoEntry: false })?.isFile())
}

function copiedBefore(target) {
  const list = join(target, manifest)
  return existsSync(list) ? readFileSync(list, 'utf8').split('\n') : []
}

function copyIfChanged(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to)
}
