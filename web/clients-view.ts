import { type ClientAt, ClientRow } from './client-row.ts'
import { byId, setText } from './dom.ts'
import { KeyedList } from './keyed-list.ts'
import { formatCount, plural } from './model/format.ts'
import type { TelemetryReading } from './model/readings.ts'
import { setTableRoles } from './table-roles.ts'

/** More rows than anybody reads; a page with thousands would stutter. */
const ROWS_MAX = 50

/** Who is connected to the server, and how much they send and get. */
export class ClientsView {
  readonly #count = byId('clients-count', HTMLElement)
  readonly #more = byId('clients-more', HTMLElement)
  readonly #table = byId('clients-table', HTMLElement)
  readonly #empty = byId('clients-empty', HTMLElement)
  readonly #rows = new KeyedList<ClientAt>(
    byId('client-rows', HTMLElement),
    ({ client }) => client.id,
    ({ client }) => new ClientRow(client.id),
  )

  constructor() {
    setTableRoles(this.#table)
  }

  update({ clients, clientCount, uptimeS }: TelemetryReading): void {
    const hidden = Math.max(0, clientCount - Math.min(clients.length, ROWS_MAX))
    setText(this.#count, formatCount(clientCount))
    setText(this.#more, `… and ${plural(hidden, 'more client')}`)
    this.#more.hidden = hidden === 0
    this.#empty.hidden = clients.length > 0
    this.#table.hidden = clients.length === 0
    this.#rows.update(clients.slice(0, ROWS_MAX).map((client) => ({ client, uptimeS })))
  }
}
