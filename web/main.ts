import { ClientsView } from './clients-view.ts'
import { Connection } from './connection.ts'
import { ConnectionView } from './connection-view.ts'
import { CoresView } from './cores-view.ts'
import { FrameLoop } from './frame-loop.ts'
import type { ServerReading, TelemetryReading } from './model/readings.ts'
import { NoticeView } from './notice-view.ts'
import { SoundView } from './sound-view.ts'

const frames = new FrameLoop()
const sound: SoundView = new SoundView(() => frames.request(drawSound))
const cores = new CoresView()
const clients = new ClientsView()
const notice = new NoticeView()
let server: ServerReading | undefined
let telemetry: TelemetryReading | undefined

const connection = new Connection(`${location.origin.replace(/^http/, 'ws')}/ws`, {
  onConnecting: () => view.showConnecting(),
  onConnected(welcomed) {
    notice.clear()
    sound.reset()
    if (server !== undefined && server.session !== welcomed.session) {
      const isOther = server.server !== welcomed.server
      const advice = isOther ? ` It is ${welcomed.server} now: reload this page.` : ''
      notice.showNews(`The server has started anew.${advice}`)
    }
    server = welcomed
    view.showConnected(welcomed)
  },
  onDisconnected: (retryMs) => view.showDisconnected(retryMs),
  onTelemetry(reading) {
    telemetry = reading
    sound.checkQuiet()
    frames.request(drawTelemetry)
  },
  onScope: (scope) => sound.push(scope),
  onError: (code, message) => notice.showProblem(code === '' ? message : `${message} (${code})`),
})

const view = new ConnectionView(() => connection.retryNow())

function drawSound(): void {
  sound.draw()
}

function drawTelemetry(): void {
  if (telemetry === undefined) return
  view.showUptime(telemetry.uptimeS)
  cores.update(telemetry)
  clients.update(telemetry)
}

// Who comes back to the page, or to the network, does not wait for the next attempt.
addEventListener('online', () => connection.retryNow())
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) connection.retryNow()
})

connection.start()
