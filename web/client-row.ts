import { element, setText } from './dom.ts'
import type { ItemView } from './keyed-list.ts'
import { formatBytes, formatCount, plural } from './model/format.ts'
import { Rate } from './model/rate.ts'
import type { ClientReading } from './model/readings.ts'
import { setTableRoles } from './table-roles.ts'

/** A client's reading and the server's clock at it. */
export interface ClientAt {
  readonly client: ClientReading
  readonly uptimeS: number
}

/** One client's row of the table. */
export class ClientRow implements ItemView<ClientAt> {
  readonly root = element('tr')
  readonly #name = cell('Name', 'name')
  readonly #address = cell('Address')
  readonly #transport = cell('Transport')
  readonly #streams = cell('Streams', 'number')
  readonly #received = new TrafficCell('Received')
  readonly #sent = new TrafficCell('Sent')
  readonly #queued = cell('Queued', 'number')

  constructor(id: number) {
    this.root.dataset.client = String(id)
    this.root.append(
      ...[this.#name, this.#address, this.#transport, this.#streams],
      ...[this.#received.root, this.#sent.root, this.#queued],
    )
    setTableRoles(this.root)
  }

  update({ client, uptimeS }: ClientAt): void {
    setText(this.#name, client.name === '' ? `client ${client.id}` : client.name)
    setText(this.#address, client.address)
    setText(this.#transport, client.transport)
    setText(this.#streams, formatCount(client.streams))
    this.#received.update(client.messagesIn, client.bytesIn, uptimeS)
    this.#sent.update(client.messagesOut, client.bytesOut, uptimeS)
    setText(this.#queued, formatBytes(client.queuedBytes))
  }
}

/** How fast messages go one way, and how many went so far. */
class TrafficCell {
  readonly root: HTMLElement
  readonly #rate = element('span', 'rate')
  readonly #total = element('span', 'total')
  readonly #messages = new Rate()
  readonly #bytes = new Rate()

  constructor(label: string) {
    this.root = cell(label, 'number traffic')
    this.root.append(this.#rate, this.#total)
  }

  update(messages: number, bytes: number, uptimeS: number): void {
    this.#messages.push(messages, uptimeS)
    this.#bytes.push(bytes, uptimeS)
    const perSecond = formatCount(this.#messages.perSecond)
    setText(this.#rate, `${formatBytes(this.#bytes.perSecond)}/s · ${perSecond} msg/s`)
    setText(this.#total, `${formatBytes(bytes)} · ${plural(messages, 'message')}`)
  }
}

function cell(label: string, className = ''): HTMLElement {
  const made = element('td', className)
  made.dataset.label = label
  return made
}
