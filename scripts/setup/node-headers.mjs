import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The folder whose include/node holds the headers of this very Node, or `undefined`. Where it is
 * known, node-gyp need not download them.
 */
export function nodeHeadersFolder(executable = process.execPath, version = process.versions.node) {
  const folder = dirname(dirname(executable))
  return headersVersion(join(folder, 'include/node/node_version.h')) === version
    ? folder
    : undefined
}

/** Where node-gyp is to find them, as a variable of its environment. */
export function headersSetting() {
  const folder = nodeHeadersFolder()
  return folder === undefined ? {} : { npm_config_nodedir: folder }
}

function headersVersion(file) {
  try {
    const text = readFileSync(file, 'utf8')
    return ['MAJOR', 'MINOR', 'PATCH']
      .map((part) => new RegExp(`#define NODE_${part}_VERSION (\\d+)`).exec(text)?.[1])
      .join('.')
  } catch {
    return ''
  }
}
