/** From this release on, V8's headers are C++20, while mmap-io asks its compiler for C++17. */
const firstCpp20Major = 23

/**
 * CXXFLAGS for building mmap-io on this Node: the user's own, with the language standard that V8's
 * headers want where the user names none. `undefined` where there is nothing to set.
 */
export function cxxFlags(own = process.env.CXXFLAGS, version = process.versions.node) {
  const wantsCpp20 = Number.parseInt(version, 10) >= firstCpp20Major
  if (!wantsCpp20 || own?.includes('-std=')) return own
  return [own, '-std=gnu++20'].filter(Boolean).join(' ')
}
