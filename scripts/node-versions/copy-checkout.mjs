import { spawnSync } from 'node:child_process'
import {
  chmodSync,
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
  for (const file of gone) removeFile(join(target, file))
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
  const isFile = (path) => existsSync(path) && lstatSync(path).isFile()
  return listed.filter((file) => isFile(join(root, file)))
}

function copiedBefore(target) {
  const list = join(target, manifest)
  return existsSync(list) ? readFileSync(list, 'utf8').split('\n') : []
}

function removeFile(path) {
  if (kindOf(path) === 'file') rmSync(path)
}

function copyIfChanged(from, to) {
  if (kindOf(to) === 'file' && readFileSync(from).equals(readFileSync(to))) {
    const { mode } = lstatSync(from)
    if (lstatSync(to).mode !== mode) chmodSync(to, mode)
    return
  }
  // What was a folder and is a file now: what was built in it goes as well.
  if (kindOf(to) === 'folder') rmSync(to, { recursive: true })
  makeFolder(dirname(to))
  cpSync(from, to)
}

/** Also where a file stands in the way: a copy that was broken off has left it, or a build. */
function makeFolder(path) {
  if (kindOf(path) === 'folder') return
  removeFile(path)
  makeFolder(dirname(path))
  mkdirSync(path)
}

/** What lies there; nothing also where a folder above it is a file. */
function kindOf(path) {
  if (!existsSync(path)) return undefined
  return lstatSync(path).isDirectory() ? 'folder' : 'file'
}
