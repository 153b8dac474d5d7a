import { shortNumber } from '../../src/cli/text-table.ts'
import { judge as judgeBridge } from '../bridge/judgement.ts'
import { TARGETS as BRIDGE_TARGETS } from '../bridge/targets.ts'
import { judge as judgeEcho } from '../echo/judgement.ts'
import { TARGETS as ECHO_TARGETS, type Target as EchoTarget } from '../echo/targets.ts'
import { estimateText, measuredText } from '../report-text.ts'
import type { Results } from '../results.ts'
import { judge as judgeRings } from '../rings/judgement.ts'
import { TARGETS as RINGS_TARGETS } from '../rings/targets.ts'
import type { Verdict } from '../verdict.ts'
import { judge as judgeVirt } from '../virt/judgement.ts'
import { TARGETS as VIRT_TARGETS } from '../virt/targets.ts'
import { judge as judgeZeroCopy } from '../zero-copy/judgement.ts'
import { WAY_NAMES } from '../zero-copy/report.ts'
import { TARGETS as ZERO_COPY_TARGETS } from '../zero-copy/targets.ts'

/** A target of a suite, and what became of it. */
export interface TargetRow {
  readonly cell: string
  readonly wish: string
  readonly measured: string
  readonly verdict: Verdict
}

const BRIDGE_METRICS: Readonly<Record<string, string>> = {
  messagesPerS: 'blocks/s',
  p50Us: 'p50',
  p99Us: 'p99',
  cpuUsPerMessage: 'CPU for a block',
}

/** The targets of a suite, judged; none of a suite that has none. */
export function targetRows(results: Results): TargetRow[] {
  return (JUDGED[results.suite] ?? (() => []))(results)
}

const JUDGED: Readonly<Record<string, (results: Results) => TargetRow[]>> = {
  bridge: (results) =>
    judgeBridge(results, BRIDGE_TARGETS).map((judgement) => {
      const { target, verdict } = judgement
      const bound = 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`
      const metric = BRIDGE_METRICS[target.metric] ?? target.metric
      const wish = `${metric}, ${target.contender} over ${target.peer} ${bound}`
      return { cell: target.cell, wish, measured: measuredText(judgement), verdict }
    }),
  echo: (results) =>
    judgeEcho(results, ECHO_TARGETS).map((judgement) => {
      const { target, verdict } = judgement
      const form = target.kind === 'memory' ? (bytes: number) => bytes.toFixed(0) : undefined
      const row = { cell: target.cell, measured: measuredText(judgement, form), verdict }
      return { ...row, wish: echoWish(target) }
    }),
  rings: (results) =>
    judgeRings(results, RINGS_TARGETS).map(({ target, measured, verdict }) => {
      const isRate = target.kind === 'rate'
      const wish = isRate
        ? `${target.contender} ≥ ${shortNumber(target.perSAtLeast)} records/s`
        : `${target.contender}, p50 ≤ ${target.p50UsAtMost} µs`
      const form = isRate ? shortNumber : undefined
      return { cell: target.cell, wish, measured: estimateText(measured, form), verdict }
    }),
  virt: (results) =>
    judgeVirt(results, VIRT_TARGETS).map(({ target, measured, verdict }) => {
      const wish = `${target.kind} ≤ ${target.atMost}`
      return { cell: target.cell, wish, measured: estimateText(measured), verdict }
    }),
  'zero-copy': (results) =>
    judgeZeroCopy(results, ZERO_COPY_TARGETS).map(({ target, measured, verdict }) => {
      const wish = `bytes copied ${WAY_NAMES[target.metric]}, for each ≤ ${target.atMost}`
      return { cell: target.cell, wish, measured: estimateText(measured), verdict }
    }),
}

function echoWish(target: EchoTarget): string {
  switch (target.kind) {
    case 'ratio':
      return `messages/s, ${target.contender} over ${target.peer} ≥ ${target.atLeast}`
    case 'unchanged':
      return `messages/s, ${target.contender} over itself in ${target.from} ≥ ${target.atLeast}`
    case 'memory':
      return `${target.contender} ≤ ${target.bytesAtMost} B a connection`
  }
}
