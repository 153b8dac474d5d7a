import test from 'ava'
import { needsTool } from '../support/needs-tool.ts'
import { parseReport, searchModel } from './search-model.ts'

/** A model, its variants, and what breaks it. The file says what each switch is. */
interface Model {
  readonly name: string
  readonly holds: string
  /** Switches of each variant in which all holds, and how many states it has at least. */
  readonly variants: readonly { readonly defines: readonly string[]; readonly statesMin: number }[]
  /** Switches of each fault, and the property that it breaks. */
  readonly faults: Readonly<Record<string, RegExp>>
}

const MODELS: readonly Model[] = [
  {
    name: 'waiting-flag',
    holds: 'nobody sleeps who is posted to, and each rings once for a sleep',
    variants: [{ defines: [], statesMin: 500_000 }],
    faults: {
      NO_FENCE_RAISE: /seen\[.*posted\[/,
      'NO_FENCE_RAISE TSO': /seen\[.*posted\[/,
      NO_FENCE_ANSWER: /seen\[.*posted\[/,
      'NO_FENCE_ANSWER TSO': /seen\[.*posted\[/,
      NO_SECOND_LOOK: /seen\[.*posted\[/,
      ANSWER_FIRST: /seen\[.*posted\[/,
      ONE_TICKET: /seen\[.*posted\[/,
      SHARED_ANSWER: /seen\[1\]==posted\[1\]/,
      ANSWER_FORGOTTEN: /bells\[me\]<=sleeps/,
    },
  },
  {
    name: 'spsc-ring',
    holds: 'every record is read once, whole and in order',
    variants: [{ defines: [], statesMin: 400_000 }],
    faults: {
      RELAXED_TAIL: /header/,
      RELAXED_LOOK_AT_TAIL: /header/,
      PUBLISH_FIRST: /header/,
      FREE_FIRST: /header|payload/,
      ROOM_WITHOUT_PADDING: /header|payload/,
      NO_PADDING: /header.*head%4/,
    },
  },
  {
    name: 'spsc-sleep',
    holds: 'neither side sleeps while the other has made room, or a record',
    variants: [{ defines: [], statesMin: 1_500_000 }],
    faults: {
      NO_FENCE_RAISE: /producer_ended|read_to/,
      NO_FENCE_ANSWER: /producer_ended|read_to/,
      NO_SECOND_LOOK_FOR_ROOM: /producer_ended/,
      NO_SECOND_LOOK_FOR_RECORD: /producer_ended|read_to/,
      SLEEP_UNPUBLISHED: /producer_ended/,
      SLEEP_UNFREED: /producer_ended/,
      NO_BELL_FOR_ROOM: /producer_ended/,
    },
  },
  {
    name: 'mpsc-ring',
    holds: 'every committed record is read once, in the order of its producer, and no slot is lost',
    variants: [
      { defines: [], statesMin: 1_500_000 },
      { defines: ['MORTAL'], statesMin: 1_000_000 },
    ],
    faults: {
      RELAXED_COMMIT: /header/,
      RELAXED_LOOK_AT_MARK: /header/,
      RESERVE_UNCHECKED: /received|seen_tail/,
      TAKE_UNCHECKED: /received/,
      COMMIT_UNCHECKED: /received/,
      SEAL_UNCHECKED: /received/,
      GIVE_UP_WRITERS: /payloads|header|received/,
      BARE_MARKS: /received/,
      MARKS_IN_DATA: /payloads/,
      HEAD_FIRST: /memory\[9\]==memory\[8\]/,
      ROOM_WITHOUT_PADDING: /seen_tail/,
      'MORTAL NO_UNBLOCK': /memory\[9\]==memory\[8\]|received/,
    },
  },
  {
    name: 'mpsc-sleep',
    holds: 'the consumer does not sleep before a record, whoever has died',
    variants: [{ defines: [], statesMin: 500_000 }],
    faults: {
      NO_FENCE_RAISE: /received/,
      NO_FENCE_ANSWER: /received/,
      NO_SECOND_LOOK: /received/,
      ABORT_SILENTLY: /received/,
      NO_UNBLOCK: /received/,
    },
  },
  {
    name: 'core-link',
    holds: 'both sides end up in the same link, and no ring is reset that is in use',
    variants: [
      { defines: [], statesMin: 1_500_000 },
      { defines: ['DEPTH=3', 'EVENTS=1'], statesMin: 100_000 },
    ],
    faults: {
      'RELAXED_LINK DEPTH=3': /value/,
      RELAXED_OFFERED_BOOT: /value/,
      OFFER_WHILE_LINKED: /has_seen/,
      NO_BOOT_IN_OFFER: /in_use/,
      RESET_AFTER_OFFER: /value/,
      RESET_AFTER_LINK: /value/,
      LINK_USED_TWICE: /has_seen|value/,
      SESSION_IGNORED: /value|in_use/,
      REFUSED_FOR_EVER: /in_use/,
      WITHDRAWN_FOR_EVER: /in_use/,
      LEFT_UNSEEN: /in_use/,
      NO_BELL_WHEN_LEFT: /in_use/,
      BELL_OVERTAKES_STORE: /in_use/,
    },
  },
]

const MINUTES = 60_000

// One after the other: each takes a processor and some hundred MiB.
const spinTest = needsTool(test.serial, 'spin', 'apt-get install spin')

for (const { name, holds, variants, faults } of MODELS) {
  for (const { defines, statesMin } of variants) {
    spinTest(`${[name, ...defines].join(' ')}: ${holds}`, async (t) => {
      t.timeout(10 * MINUTES)
      const search = await searchModel(t, name, defines, 'all')
      t.is(search.violation, undefined)
      t.true(search.isExhaustive, search.report)
      t.true(search.states >= statesMin, `${search.states} states`)
      t.deepEqual(search.unreached, [])
      t.log(`${search.states} states`)
    })
  }
  for (const [fault, broken] of Object.entries(faults)) {
    spinTest(`${name}: ${fault} is found`, async (t) => {
      t.timeout(10 * MINUTES)
      const { violation, report } = await searchModel(t, name, fault.split(' '), 'first')
      t.regex(violation ?? 'no property was broken', broken, report)
    })
  }
}

const REPORT = `
Full statespace search for:
State-vector 84 byte, depth reached 479079, errors: 0
  3307901 states, stored
unreached in proctype Producer
\t/a/b.pml:12, state 3, "x = 1"
\t/a/b.pml:13, state 4, "(is_dead)"
\t/a/b.pml:13, state 4, "x = 2"
\t/a/b.pml:14, state 5, "-end-"
\t(3 of 20 states)
`

test('a report says what was searched, and what was not reached', (t) => {
  const { report, ...search } = parseReport(REPORT)
  t.deepEqual(search, {
    violation: undefined,
    isExhaustive: true,
    states: 3307901,
    unreached: ['b.pml:12: x = 1'],
  })
})

test('a search that was cut short, or ended with an error, is not exhaustive', (t) => {
  for (const cut of [
    'error: max search depth too small\n',
    'Warning: Search not completed\n',
    'pan: out of memory\n',
  ]) {
    t.false(parseReport(cut + REPORT).isExhaustive, cut)
  }
  const failed = parseReport(
    `pan:1: assertion violated (a==b) (at depth 3)\n${REPORT.replace('errors: 0', 'errors: 1')}`,
  )
  t.false(failed.isExhaustive)
  t.is(failed.violation, 'assertion violated (a==b) (at depth 3)')
  t.throws(() => parseReport('pan: no such file'), { message: /no search has ended/ })
})
