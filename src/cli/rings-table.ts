import { formatWord } from '../format-word.ts'
import type { DescribedRing } from '../shm/region-inspector.ts'
import { oneLine } from './one-line.ts'
import type { CoreFigures, Heartbeat, RegionFigures, RingFigures } from './region-watch.ts'
import { shortNumber, textTable } from './text-table.ts'

/** Not to be told: it takes a second look, or what it is told by has not moved. */
const UNKNOWN = '-'
/** It contradicts itself. */
const NONSENSE = '?'

const GAP = 2

/**
 * A column: its title, its cell for an item, and its least width where the title is shorter than
 * what it will hold, so that columns stand still while figures grow.
 */
type Column<Item> = readonly [title: string, cell: (item: Item) => string, width?: number]

const CORE_COLUMNS: readonly Column<CoreFigures>[] = [
  ['core', ({ core }) => String(core)],
  ['state', ({ state, stateNumber }) => state ?? `${NONSENSE} ${stateNumber}`, 8],
  ['boot', ({ boot }) => String(boot)],
  ['link', linkText],
  ['heartbeat', ({ beat }) => beatText(beat), 10],
  ['load', ({ load }) => (load === undefined ? UNKNOWN : percent(load)), 6],
  ['streams', ({ streams }) => String(streams)],
  ['blocks', ({ blocks }) => String(blocks), 10],
  ['overruns', ({ overruns }) => String(overruns)],
  ['refused', ({ refused }) => String(refused)],
  ['damaged', ({ damaged }) => String(damaged)],
  ['lost', ({ lost }) => String(lost), 5],
  ['stack', stackText, 6],
]

const RING_COLUMNS: readonly Column<RingFigures>[] = [
  ['ring', ringName],
  ['used', ({ look }) => String(look?.usedBytes ?? NONSENSE), 7],
  ['fill', fillText, 6],
  ['unread', ({ look }) => String(look?.unread ?? NONSENSE)],
  ['records/s', ({ recordsPerSecond }) => rateText(recordsPerSecond)],
  ['bytes/s', ({ bytesPerSecond }) => rateText(bytesPerSecond), 7],
  ['full', ({ look }) => String(look?.full ?? NONSENSE), 6],
  ['asleep', asleepText, 8],
  ['capacity', ({ look }) => String(look?.capacity ?? NONSENSE)],
  ['head', ({ look }) => String(look?.head ?? NONSENSE), 10],
  ['tail', ({ look }) => String(look?.tail ?? NONSENSE), 10],
]

/** What a ring is called, for example `0 to-core`. */
export function ringName({ core, direction }: Pick<DescribedRing, 'core' | 'direction'>): string {
  return `${core} ${direction ?? NONSENSE}`
}

/**
 * What there is to see of a region, in lines. A table that is wider than `columns` goes on below,
 * with its first column again; a sentence is not cut.
 */
export function ringsTable(path: string, figures: RegionFigures, columns: number): string[] {
  const { session, hostBeat, cores, rings } = figures
  return [
    oneLine(path),
    `session ${formatWord(session)}, host's heartbeat ${beatText(hostBeat)}`,
    '',
    ...foldedTable(sessionColumns(session), cores, columns),
    '',
    ...foldedTable(RING_COLUMNS, rings, columns),
    ...remarks(figures).map((remark, index) => `${index === 0 ? '\n' : ''}! ${remark}`),
  ].flatMap((line) => line.split('\n'))
}

/** Whether a core is attached to this session is told against the region's. */
function sessionColumns(session: number): readonly Column<CoreFigures>[] {
  const column: Column<CoreFigures> = [
    'session',
    (core) => (core.session === 0 ? 'none' : core.session === session ? 'right' : 'wrong'),
  ]
  return [...CORE_COLUMNS.slice(0, 4), column, ...CORE_COLUMNS.slice(4)]
}

function foldedTable<Item>(
  all: readonly Column<Item>[],
  items: readonly Item[],
  width: number,
): string[] {
  const cells = all.map(([title, cell, least = 0]) => [title.padStart(least), ...items.map(cell)])
  const widths = cells.map((column) => Math.max(...column.map(({ length }) => length)))
  const [first = [], ...others] = cells
  const tables = [[first]]
  let used = widths[0] ?? 0
  for (const [index, column] of others.entries()) {
    const needed = GAP + (widths[index + 1] ?? 0)
    // A column that is wider than all there is stands alone: it is not cut here.
    if (used + needed > width && tables.at(-1)?.length !== 1) {
      tables.push([first])
      used = widths[0] ?? 0
    }
    tables.at(-1)?.push(column)
    used += needed
  }
  return tables.flatMap((table, index) => [
    ...(index === 0 ? [] : ['']),
    ...textTable(first.map((_, row) => table.map((column) => column[row] ?? ''))).split('\n'),
  ])
}

function linkText({ link, offeredLink }: CoreFigures): string {
  if (link === offeredLink) return link === 0 ? 'none' : String(link)
  return `${link} of ${offeredLink}`
}

/** The most that was ever in use, as a share of all there is. */
function stackText({ stackUsed, stackBytes }: CoreFigures): string {
  return stackBytes === 0 ? UNKNOWN : percent(stackUsed / stackBytes)
}

function linkName(link: number): string {
  return link === 0 ? 'no link' : `link ${link}`
}

function beatText({ isMoving, stillMs }: Heartbeat): string {
  if (isMoving === undefined) return UNKNOWN
  return isMoving ? 'moves' : `still ${(stillMs / 1000).toFixed(stillMs < 10_000 ? 1 : 0)} s`
}

function fillText({ look }: RingFigures): string {
  return look?.usedBytes === undefined ? NONSENSE : percent(look.usedBytes / look.capacity)
}

function asleepText({ look }: RingFigures): string {
  if (look === undefined) return NONSENSE
  const ends = [
    ...(look.producerWaits ? ['producer'] : []),
    ...(look.consumerWaits ? ['consumer'] : []),
  ]
  return ends.length === 2 ? 'both' : (ends[0] ?? 'neither')
}

function rateText(perSecond: number | undefined): string {
  return perSecond === undefined ? UNKNOWN : perSecond === 0 ? '0' : shortNumber(perSecond)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}

/** What a person should know before the figures are believed. */
function remarks({ cores, rings, problems, formerSession, ...region }: RegionFigures): string[] {
  return [
    ...problems,
    ...(formerSession === undefined
      ? []
      : [`the region was made anew: its session was ${formatWord(formerSession)} before`]),
    ...hostRemarks(region),
    ...cores
      .filter(({ link, offeredLink }) => link !== offeredLink)
      .map(
        ({ core, link, offeredLink }) =>
          `core ${core} uses ${linkName(link)}, and its host offers ${linkName(offeredLink)}`,
      ),
    ...rings.flatMap(ringRemarks),
  ]
}

function hostRemarks({
  isOrphaned,
  hasEnded,
  hostBeat,
}: Pick<RegionFigures, 'isOrphaned' | 'hasEnded' | 'hostBeat'>): string[] {
  if (hasEnded) {
    return ["the file was removed and the host's heartbeat stands still: its server has ended"]
  }
  if (isOrphaned) return ['the file was removed or replaced; this is still what it was']
  return hostBeat.isMoving === false
    ? [
        "the host's heartbeat stands still: its server hangs, or has ended without removing the file",
      ]
    : []
}

function ringRemarks({ look, problem, ...ring }: RingFigures): string[] {
  const name = `ring ${ringName(ring)}`
  if (look === undefined) return [`${name}: ${problem ?? 'not to be found'}`]
  const { head, tail, capacity, published, consumed } = look
  return [
    ...(look.usedBytes === undefined
      ? [`${name}: its tail ${tail} is not ahead of its head ${head} by up to ${capacity} bytes`]
      : []),
    ...(look.unread === undefined
      ? [`${name}: ${published} records published and ${consumed} consumed are more than it holds`]
      : []),
  ]
}
