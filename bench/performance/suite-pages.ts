import { shortNumber } from '../../src/cli/text-table.ts'
import { BRIDGE_SUITE } from '../bridge/bridge-suite.ts'
import { CELLS as BRIDGE_CELLS } from '../bridge/cells.ts'
import { CELLS as ECHO_CELLS } from '../echo/cells.ts'
import { ECHO_SUITE } from '../echo/echo-suite.ts'
import { CELLS as RINGS_CELLS } from '../rings/cells.ts'
import { RINGS_SUITE } from '../rings/rings-suite.ts'
import { CELLS as VIRT_CELLS } from '../virt/cells.ts'
import { VIRT_SUITE } from '../virt/virt-suite.ts'
import { CELLS as ZERO_COPY_CELLS, type Cell as ZeroCopyCell } from '../zero-copy/cells.ts'
import { ZERO_COPY_SUITE } from '../zero-copy/zero-copy-suite.ts'

/** A figure of a table: its median is shown as `form` writes it. */
export interface Column {
  readonly metric: string
  readonly title: string
  readonly form: (value: number) => string
}

/** By which figure contenders of a cell are compared. */
export interface Comparison {
  readonly metric: string
  readonly better: 'more' | 'less'
}

export interface PageCell {
  readonly name: string
  readonly title: string
  readonly columns: readonly Column[]
  /** Undefined where a ratio of the figures says nothing. */
  readonly compared: Comparison | undefined
}

/** What the page has of a suite that measures contenders in cells. */
export interface SuitePage {
  readonly suite: string
  readonly title: string
  readonly cells: readonly PageCell[]
}

const digits = (count: number) => (value: number) => value.toFixed(count)
const percent = (share: number) => `${(share * 100).toFixed(0)} %`
const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)

const rate = (title: string): Column => ({ metric: 'messagesPerS', title, form: shortNumber })
const us = (metric: string, title: string): Column => ({ metric, title, form: digits(1) })
const LATENCIES = [us('p50Us', 'p50 µs'), us('p99Us', 'p99 µs'), us('p999Us', 'p99.9 µs')]
const SERVER_CPU: Column = { metric: 'serverCpuShare', title: 'CPU', form: percent }
const LOAD_CPU: Column = { metric: 'loadCpuShare', title: 'load CPU', form: percent }
const MEMORY: Column = { metric: 'loadedRssBytes', title: 'RSS MiB', form: mebibytes }
const PER_CONNECTION: Column = {
  ...{ metric: 'bytesPerConnection', title: 'B a connection', form: digits(0) },
}
const CPU_PER_BLOCK: Column = {
  metric: 'cpuUsPerMessage',
  title: 'CPU µs a block',
  form: digits(2),
}

const BRIDGE: SuitePage = {
  suite: BRIDGE_SUITE.name,
  title: 'From a client to a core and back',
  cells: BRIDGE_CELLS.map(({ name, title, rate: due, active, measuresMemory }) => ({
    ...{ name, title },
    columns: [
      ...[rate('blocks/s'), ...LATENCIES, CPU_PER_BLOCK],
      { metric: 'cpuSPerGB', title: 'CPU s/GB', form: digits(2) },
      ...[SERVER_CPU, { metric: 'coreCpuShare', title: 'core', form: percent }, LOAD_CPU, MEMORY],
      ...(measuresMemory ? [PER_CONNECTION] : []),
    ],
    compared:
      due !== undefined
        ? { metric: 'cpuUsPerMessage', better: 'less' }
        : active === 1
          ? { metric: 'p50Us', better: 'less' }
          : { metric: 'messagesPerS', better: 'more' },
  })),
}

const ECHO: SuitePage = {
  suite: ECHO_SUITE.name,
  title: 'A TCP server, echoing',
  cells: ECHO_CELLS.map(({ name, title, measuresMemory }) => ({
    ...{ name, title },
    columns: [
      ...[rate('messages/s'), ...LATENCIES],
      { metric: 'messagesPerCpuS', title: 'per CPU s', form: shortNumber },
      ...[SERVER_CPU, LOAD_CPU, MEMORY],
      ...(measuresMemory ? [PER_CONNECTION] : []),
    ],
    compared: { metric: 'messagesPerS', better: 'more' },
  })),
}

const RINGS: SuitePage = {
  suite: RINGS_SUITE.name,
  title: 'The rings alone',
  cells: RINGS_CELLS.map(({ name, title, metric }) => ({
    ...{ name, title },
    columns:
      metric === 'messagesPerS'
        ? [rate('records/s')]
        : LATENCIES.map((column) => ({ ...column, form: digits(2) })),
    compared: { metric, better: metric === 'messagesPerS' ? 'more' : 'less' },
  })),
}

const VIRT: SuitePage = {
  suite: VIRT_SUITE.name,
  title: 'Cores on bare metal in QEMU',
  cells: VIRT_CELLS.map(({ name, title, metric, column }) => ({
    ...{ name, title, compared: undefined },
    columns: [{ metric, title: column.replace('us', 'µs'), form: digits(2) }],
  })),
}

const ZERO_COPY: SuitePage = {
  suite: ZERO_COPY_SUITE.name,
  title: 'Copies, and what they cost',
  cells: ZERO_COPY_CELLS.map(zeroCopyCell),
}

function zeroCopyCell({ kind, name, title }: ZeroCopyCell): PageCell {
  const perByte = (metric: string, way: string): Column => {
    return { metric, title: `${way}, per byte`, form: digits(3) }
  }
  switch (kind) {
    case 'copies':
      return {
        ...{ name, title, compared: undefined },
        columns: [
          perByte('copiesSocketToRing', 'socket to ring'),
          perByte('copiesRingToSocket', 'ring to socket'),
          perByte('copiesOther', 'other'),
        ],
      }
    case 'places':
      return {
        ...{ name, title, compared: undefined },
        columns: [
          { metric: 'placesInRegion', title: 'in the region', form: digits(0) },
          { metric: 'placesElsewhere', title: 'elsewhere', form: digits(0) },
        ],
      }
    case 'stream':
      return {
        ...{ name, title, compared: { metric: 'cpuSPerGB', better: 'less' } },
        columns: [
          { metric: 'bytesPerS', title: 'bytes/s', form: shortNumber },
          { metric: 'cpuSPerGB', title: 'CPU s/GB', form: digits(3) },
          ...[SERVER_CPU, LOAD_CPU],
        ],
      }
  }
}

/** In the order of the page. The curves of `scale` are shown otherwise. */
export const SUITE_PAGES: readonly SuitePage[] = [BRIDGE, ZERO_COPY, ECHO, RINGS, VIRT]
