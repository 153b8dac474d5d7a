// Read by releases of Node that are too old for the rest: only syntax that they know.

const WANTED = 'Node 20.19 or a later 20, or 22.12 or later'

/** Says what is wrong with this version of Node; an empty string where nothing is. */
export function complaintAboutNode(version) {
  const [major, minor] = version.split('.').map(Number)
  const supported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  return supported
    ? ''
    : `Carillon needs ${WANTED}; this is Node ${version}. Install one from https://nodejs.org/en/download and run the command again.`
}

/** Loads the program only where this Node can parse it. */
export function onSupportedNode(load) {
  const complaint = complaintAboutNode(process.versions.node)
  if (complaint === '') {
    load()
    return
  }
  console.error(complaint)
  process.exitCode = 1
}
