import { BenchError } from '../errors.ts'
import type { ResultsBySuite } from './plan.ts'
import { planSection } from './plan-section.ts'
import { scaleSection } from './scale-section.ts'
import { SUITE_PAGES } from './suite-pages.ts'
import { type Section, suiteSection } from './suite-section.ts'

/** What stands between these is kept by hand. */
const BY_HAND_BEGIN = '<!-- by hand: begin -->'
const BY_HAND_END = '<!-- by hand: end -->'

const HEAD = `# Performance

How fast this is, beside others that do the same. \`npm run bench -- report\` writes this page from the newest results of each suite under \`bench/results/\`, but for the part that is marked as kept by hand. [bench/README.md](../bench/README.md) says what each suite measures, how, and what its figures do not say. \`A / B\` is a ratio of medians with the interval in which it lies with a confidence of 95 %; "spread" is half of what lies between the least round and the most. A target \`holds\` or is \`missed\` where its whole interval says so, and is \`unsettled\` else; in parentheses stands the same ratio of the one in C, where it is over another.`

/** What stands there where nobody has written anything yet. */
const NOTHING_BY_HAND = `## What was found

Nothing yet.`

/** The page, and the plots beside it by the names of their files. */
export type Page = Section

/**
 * Makes the page.
 *
 * @param results at least one suite's.
 * @param before the page as it is, undefined where there is none: what is kept by hand is taken from it.
 * @throws {BenchError} `ERR_CARILLON_BENCH_PAGE` where nobody can tell what in it is kept by hand.
 */
export function makePage(results: ResultsBySuite, before: string | undefined): Page {
  const byHand = before === undefined ? `\n${NOTHING_BY_HAND}\n` : partByHand(before)
  const sections = [
    ...SUITE_PAGES.slice(0, 1).map((page) => sectionOf(results, page.suite, page.title)),
    sectionOf(results, 'scale', 'How cost grows'),
    ...SUITE_PAGES.slice(1).map((page) => sectionOf(results, page.suite, page.title)),
  ]
  return {
    text: `${[
      HEAD,
      `${BY_HAND_BEGIN}${byHand}${BY_HAND_END}`,
      ...sections.map(({ text }) => text),
      planSection(results),
    ].join('\n\n')}\n`,
    plots: new Map(sections.flatMap(({ plots }) => [...plots])),
  }
}

function sectionOf(results: ResultsBySuite, suite: string, title: string): Section {
  const its = results.get(suite)
  if (its === undefined) {
    const text = `## ${title}\n\nNot measured yet: \`npm run bench -- ${suite}\`.`
    return { text, plots: new Map() }
  }
  const page = SUITE_PAGES.find((each) => each.suite === suite)
  return page === undefined ? scaleSection(its) : suiteSection(its, page)
}

function partByHand(page: string): string {
  const begins = page.split(BY_HAND_BEGIN)
  const ends = page.split(BY_HAND_END)
  const part = begins[1]?.split(BY_HAND_END)[0]
  if (
    begins.length !== 2 ||
    ends.length !== 2 ||
    part === undefined ||
    !begins[1]?.includes(BY_HAND_END)
  ) {
    throw new BenchError(
      'ERR_CARILLON_BENCH_PAGE',
      `the page does not have "${BY_HAND_BEGIN}" and "${BY_HAND_END}" behind it once each: nobody can tell what is kept by hand`,
    )
  }
  return part
}
