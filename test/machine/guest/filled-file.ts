// Fills a file, or looks whether it is still what it was filled with: `node filled-file.js fill PATH
// MEBIBYTES`, and `check`. No two of its pages are alike. Says how it goes, a line of JSON for each tenth.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { randomFrom } from '../../support/soak.ts'

/** Written and read at once: what takes the time is then the kernel's copying. */
const PIECE_BYTES = 2 ** 20
const PAGE_BYTES = 4096
const PAGES = PIECE_BYTES / PAGE_BYTES

const [, , what = '', path = '', size = ''] = process.argv
const mebibytes = Number(size)
if ((what !== 'fill' && what !== 'check') || !(Number.isInteger(mebibytes) && mebibytes > 0)) {
  throw new Error('usage: filled-file.js fill|check PATH MEBIBYTES')
}

/** What a piece has, but for the first word of each page: the page's number. */
const piece = Buffer.alloc(PIECE_BYTES)
const random = randomFrom(1)
for (let at = 0; at < PIECE_BYTES; at += 4) piece.writeUInt32LE(random() * 2 ** 32, at)

const fd = openSync(path, what === 'fill' ? 'wx' : 'r')
const handle = what === 'fill' ? write : check
for (let index = 0; index < mebibytes; index++) {
  for (let page = 0; page < PAGES; page++) {
    piece.writeUInt32LE(index * PAGES + page, page * PAGE_BYTES)
  }
  handle(index)
  const tenths = Math.floor(((index + 1) * 10) / mebibytes)
  if (tenths > Math.floor((index * 10) / mebibytes)) {
    const done = what === 'fill' ? 'filled' : 'checked'
    tell('progress', `${index + 1} of ${mebibytes} MiB are ${done}`)
  }
}
closeSync(fd)
tell(what)

function write(index: number): void {
  for (let at = 0; at < PIECE_BYTES; ) {
    at += writeSync(fd, piece, at, PIECE_BYTES - at, index * PIECE_BYTES + at)
  }
}

function check(index: number): void {
  const found = Buffer.alloc(PIECE_BYTES)
  for (let at = 0; at < PIECE_BYTES; ) {
    const bytes = readSync(fd, found, at, PIECE_BYTES - at, index * PIECE_BYTES + at)
    if (bytes === 0) throw new Error(`${path} ends after ${index * PIECE_BYTES + at} bytes`)
    at += bytes
  }
  if (found.equals(piece)) return
  const at = found.findIndex((byte, offset) => byte !== piece[offset])
  throw new Error(`byte ${index * PIECE_BYTES + at} of ${path} is ${found[at]}, not ${piece[at]}`)
}

function tell(event: string, text = ''): void {
  console.log(JSON.stringify({ event, text }))
}
