import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { BrowserContextOptions, Page } from 'playwright-core'
import type { ServerMessage } from '../../proto/messages.ts'
import type { Peer } from '../../src/server/peer.ts'
import { WebGateway } from '../../src/server/web-gateway.ts'
import { browserTest, openPage, until } from '../support/browser.ts'
import { FakeService, type FakeServiceOptions } from '../support/fake-service.ts'
import { freePort } from '../support/free-port.ts'
import { REPOSITORY } from '../support/repository.ts'
import { DRAWN_LINE, type DrawnLine } from '../support/waveform-pixels.ts'

type Telemetry = NonNullable<ServerMessage['telemetry']>
type Client = NonNullable<Telemetry['clients']>[number]

/** A fake service behind a gateway that serves the built page. */
async function serve(t: ExecutionContext, options: FakeServiceOptions = {}, port = 0) {
  const service = new FakeService(options)
  const gateway = new WebGateway({ host: '127.0.0.1', port, connect: service.connect })
  const address = await gateway.start()
  service.start()
  const stop = async () => {
    service.stop()
    await gateway.stop()
  }
  t.teardown(stop)
  return { service, stop, port: address.port, url: `http://127.0.0.1:${address.port}/` }
}

async function open(t: ExecutionContext, url: string, options?: BrowserContextOptions) {
  const opened = await openPage(t, options)
  await opened.page.goto(url)
  return opened
}

/** A page that is connected, and on which no time passes from now on: it does not reconnect. */
async function openWithStoppedClock(t: ExecutionContext, url: string) {
  const opened = await openPage(t)
  await opened.page.clock.install({ time: 0 })
  await opened.page.goto(url)
  await connectionIs(opened.page, 'connected')
  // It can only be stopped in the future; the page must not take the jump for a silent server.
  const now = await opened.page.evaluate<number>('Date.now()')
  await opened.page.clock.pauseAt(now + 3_000)
  return opened
}

/** Resolves when the page's connection is in a state. */
async function connectionIs(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`#connection[data-state="${state}"]`)
}

/** Resolves when the drawn line crosses the middle so often, give or take one at the ends. */
async function lineCrosses(page: Page, crossings: number): Promise<DrawnLine> {
  const isReached = `Math.abs(${DRAWN_LINE}.crossings - ${crossings}) <= 1`
  await until(page, isReached, `a line that crosses the middle ${crossings} times`)
  return page.evaluate<DrawnLine>(DRAWN_LINE)
}

/** Resolves when the text of an element is another than `text`. */
const textChanges = (page: Page, selector: string, text: string | null) =>
  until(page, `document.querySelector('${selector}').textContent !== ${JSON.stringify(text)}`)

const texts = (page: Page, selector: string) => page.locator(selector).allTextContents()

/** A sine of 440 Hz, on the first channel so loud that the others do not hide it. */
const loudLeft = (timeS: number, channel: number) =>
  (channel === 0 ? 1 : 0.1) * Math.sin(2 * Math.PI * 440 * timeS)

function core(overrides: Partial<NonNullable<Telemetry['cores']>[number]> = {}) {
  return {
    ...{ index: 1, state: 'running', kind: 'hosted', bootCount: 2, heartbeat: 1, streams: 3 },
    ...{ load: 0.25, blocks: 1_234_567, overruns: 0 },
    rings: [
      {
        ...{ direction: 'to-core', capacityBytes: 65_536, usedBytes: 16_384 },
        ...{ records: 5_000_000_000, full: 7 },
      },
      {
        ...{ direction: 'from-core', capacityBytes: 65_536, usedBytes: 0 },
        ...{ records: 42, full: 0 },
      },
    ],
    ...overrides,
  }
}

function client(overrides: Client = {}): Client {
  return {
    ...{ id: 1, name: 'process', address: '127.0.0.1:49152', transport: 'tcp', streams: 2 },
    ...{ messagesIn: 10, messagesOut: 20, bytesIn: 4096, bytesOut: 8192, queuedBytes: 1024 },
    ...overrides,
  }
}

browserTest('the waveform of what plays is drawn, and follows it', async (t) => {
  let hz = 440
  const sound = (timeS: number) => 0.5 * Math.sin(2 * Math.PI * hz * timeS)
  const { url } = await serve(t, { sound })
  const { page, problems } = await open(t, url)
  // Two crossings a period, in 20 ms.
  const slow = await lineCrosses(page, 2 * 440 * 0.02)
  t.true(slow.heights.length > 600)
  // The axis ends at 0.5, as the sound does; a peak's line is as thick as it is.
  t.true(Math.max(...slow.heights) > 0.85)
  t.true(Math.min(...slow.heights) < -0.85)
  // It stands still, as a sine does on an oscilloscope: from zero upwards.
  t.true(Math.abs(slow.heights[2] ?? 1) < 0.3)
  t.true((slow.heights[15] ?? 0) > (slow.heights[2] ?? 1))

  hz = 880
  await lineCrosses(page, 2 * 880 * 0.02)
  await page.getByLabel('5 ms', { exact: true }).check()
  await lineCrosses(page, 2 * 880 * 0.005)

  t.is(await page.textContent('#source'), 'plucked string')
  t.is(await page.textContent('#format'), '48 kHz · mono')
  t.deepEqual(await texts(page, '.level .number'), ['\u22126.0 dBFS'])
  const label = await page.getAttribute('#waveform', 'aria-label')
  t.is(label, 'Waveform of plucked string, peak \u22126.0 dBFS')
  t.deepEqual(problems, [])
})

browserTest('the picture holds where it is asked to, and goes on afterwards', async (t) => {
  const { url } = await serve(t)
  const { page } = await open(t, url)
  await lineCrosses(page, 18)
  await page.click('#hold')
  const held = await page.getAttribute('#waveform', 'data-frames')
  const uptime = await page.textContent('#uptime')
  await textChanges(page, '#uptime', uptime)
  t.is(await page.getAttribute('#waveform', 'data-frames'), held)
  t.is(await page.getAttribute('#hold', 'aria-pressed'), 'true')
  await page.click('#hold')
  await until(page, `document.querySelector('#waveform').dataset.frames > ${held}`)
  await lineCrosses(page, 18)
})

browserTest('each channel has its line and its meter', async (t) => {
  const format = { channels: 2, sampleRateHz: 44_100 }
  const { url } = await serve(t, { ...format, sound: loudLeft, source: 'process' })
  const { page } = await open(t, url)
  await lineCrosses(page, 18)
  t.is(await page.textContent('#format'), '44.1 kHz · stereo')
  t.deepEqual(await texts(page, '.level .label'), ['Left', 'Right'])
  t.deepEqual(await texts(page, '.level .number'), ['0.0 dBFS', '\u221220.0 dBFS'])
  // The key: a piece of each channel's line beside its name.
  const colours = await page.evaluate(COLOURS_OF_KEY)
  t.deepEqual(colours, await page.evaluate(COLOURS_OF_CHANNELS))
})

browserTest('a single channel needs no key', async (t) => {
  const { url } = await serve(t)
  const { page } = await open(t, url)
  await lineCrosses(page, 18)
  t.deepEqual(await texts(page, '.level .label'), ['Peak'])
  t.is(await page.locator('.line-sample').count(), 0)
})

browserTest('cores, rings and clients are shown, and move', async (t) => {
  let readings = 0
  const telemetry = (uptimeS: number) => ({
    cores: [
      core({ heartbeat: Math.round(uptimeS * 1000), overruns: 37 }),
      core({ index: 2, state: 'crashed', overruns: readings++ === 0 ? 8 : 9, rings: [] }),
    ],
    clients: [client({ messagesIn: Math.round(uptimeS * 100), bytesIn: uptimeS * 102_400 })],
  })
  const { url } = await serve(t, { telemetry })
  const { page, problems } = await open(t, url)
  await connectionIs(page, 'connected')
  const first = page.locator('[data-core="1"]')
  const second = page.locator('[data-core="2"]')
  await second.waitFor()
  t.is(await first.getAttribute('data-state'), 'running')
  t.is(await first.getAttribute('data-heartbeat'), 'beating')
  await page.waitForSelector('[data-core="2"][data-heartbeat="still"]')
  t.is(await second.getAttribute('data-state'), 'crashed')
  t.deepEqual(await texts(page, '[data-core="1"] h3 > *'), ['', 'hosted', 'running'])
  const facts = await first.locator('dd').allTextContents()
  t.deepEqual(facts.slice(0, 4), ['3', '1,234,567', '37', '2'])
  t.is(await first.locator('.load .number').textContent(), '25 %')
  // What was lost before the console looked is shown, and only what is lost now is marked.
  t.is(await second.locator('.fact.is-bad dd').textContent(), '9')
  t.is(await first.locator('.fact.is-bad').count(), 0)
  t.is(await first.locator('.fact:not([title])').count(), 0, 'each says what it is')

  const ring = first.locator('[data-direction="to-core"]')
  t.deepEqual(await ring.locator('.number').allTextContents(), [
    '16.0 KiB of 64.0 KiB',
    '5,000,000,000 records · full 7×',
  ])
  t.is(await ring.getByRole('meter').getAttribute('aria-valuenow'), '25')
  t.is(await first.locator('.ring').count(), 2)

  const row = page.locator('[data-client="1"]')
  t.deepEqual((await row.locator('td').allTextContents()).slice(0, 4), [
    ...['process', '127.0.0.1:49152', 'tcp', '2'],
  ])
  await row.getByText('100 KiB/s · 100 msg/s').waitFor()
  t.is(await page.textContent('#clients-count'), '1')

  t.is(await page.textContent('#server'), 'carillon/0.1.0')
  t.is(await page.textContent('#session'), '1234abcd')
  const uptime = await page.textContent('#uptime')
  const heartbeat = first.locator('dd').last()
  const beat = await heartbeat.textContent()
  await textChanges(page, '#uptime', uptime)
  t.not(await heartbeat.textContent(), beat)
  t.deepEqual(problems, [])
})

browserTest('a client or a core that is gone is gone from the page', async (t) => {
  let report: Telemetry = {
    cores: [core(), core({ index: 2 })],
    clients: [1, 2, 3].map((id) => client({ id })),
  }
  const { url } = await serve(t, { telemetry: () => report })
  const { page } = await open(t, url)
  await page.waitForSelector('[data-client="3"]')
  report = { cores: [core({ index: 2 })], clients: [client({ id: 4 }), client({ id: 2 })] }
  await page.waitForSelector('[data-client="4"]')
  t.deepEqual(
    await page
      .locator('#client-rows tr')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-client'))),
    ['4', '2'],
  )
  t.is(await page.locator('.core').count(), 1)
  report = {}
  await page.waitForSelector('#clients-empty:visible')
  await page.waitForSelector('#cores-empty:visible')
  t.false(await page.isVisible('#clients-table'))
})

browserTest('when the server goes the page says so, and finds it when it is back', async (t) => {
  const telemetry = () => ({ cores: [core()], clients: [client()] })
  const before = await serve(t, { telemetry }, await freePort())
  const { page } = await open(t, before.url)
  await lineCrosses(page, 18)
  await before.stop()
  await connectionIs(page, 'disconnected')
  t.is(await page.textContent('#connection-text'), 'Disconnected')
  t.true(await page.isVisible('#retry'))
  t.regex((await page.textContent('#retry-countdown')) ?? '', /^Trying again/)
  await until(page, `getComputedStyle(document.querySelector('main')).opacity < 0.6`)
  t.regex(await page.title(), /^Disconnected/)

  const after = await serve(
    t,
    {
      ...{ telemetry, session: 0xfeed, source: 'process' },
      sound: (timeS) => Math.sin(2 * Math.PI * 880 * timeS),
    },
    before.port,
  )
  await connectionIs(page, 'connected')
  await lineCrosses(page, 35)
  t.is(await page.textContent('#session'), '0000feed')
  t.is(await page.textContent('#source'), 'process')
  t.is(await page.textContent('#notice'), 'The server has started anew.')
  t.false(await page.isVisible('#retry'))
  t.is(await page.title(), 'Carillon')
  await until(page, `getComputedStyle(document.querySelector('main')).opacity === '1'`)
  t.is(after.service.peers.size, 1)
})

browserTest('a lost connection to the same server comes back without a word', async (t) => {
  const { service, url } = await serve(t)
  const { page } = await open(t, url)
  await lineCrosses(page, 18)
  const [lost] = service.peers
  lost?.close()
  await service.until(() => service.peers.size === 1 && !service.peers.has(lost as Peer))
  await connectionIs(page, 'connected')
  await lineCrosses(page, 18)
  t.false(await page.isVisible('#notice'))
})

browserTest('nobody has to wait for the next attempt', async (t) => {
  const { service, url } = await serve(t)
  const { page } = await openWithStoppedClock(t, url)
  for (const peer of service.peers) peer.close()
  await connectionIs(page, 'disconnected')
  t.is(await page.textContent('#retry-countdown'), 'Trying again in 1 s')
  await page.click('#retry-now')
  await connectionIs(page, 'connected')
})

browserTest('a server that is silent is as good as gone', async (t) => {
  const peers: Peer[] = []
  const gateway = new WebGateway({
    host: '127.0.0.1',
    port: 0,
    connect: (peer) => {
      peers.push(peer)
      return { onMessage() {}, onDrain() {}, onError() {}, onClose() {} }
    },
  })
  const { port } = await gateway.start()
  t.teardown(() => gateway.stop())
  const { page } = await openPage(t)
  await page.clock.install()
  await page.goto(`http://127.0.0.1:${port}/`)
  await connectionIs(page, 'connecting')
  await page.clock.runFor(4_000)
  t.is(await page.getAttribute('#connection', 'data-state'), 'connecting')
  await page.clock.runFor(2_000)
  await connectionIs(page, 'disconnected')
})

browserTest('what the server refuses is shown', async (t) => {
  const { service, url } = await serve(t)
  const { page } = await open(t, url)
  await connectionIs(page, 'connected')
  const error = {
    code: 'ERR_CARILLON_PROTOCOL_VERSION',
    message: 'version 1 is not spoken here',
    fatal: true,
  }
  for (const peer of service.peers) {
    service.send(peer, { error })
  }
  const notice = page.getByRole('alert')
  await notice.waitFor()
  t.is(await notice.textContent(), 'version 1 is not spoken here (ERR_CARILLON_PROTOCOL_VERSION)')
})

browserTest('what is no message ends the connection, and is no more than that', async (t) => {
  const { service, url } = await serve(t)
  const { page, problems } = await openWithStoppedClock(t, url)
  for (const peer of service.peers) peer.send(Buffer.from('\xff\xff\xff no message', 'latin1'))
  await connectionIs(page, 'disconnected')
  t.regex((await page.getByRole('alert').textContent()) ?? '', /reload/)
  await page.clock.resume()
  await connectionIs(page, 'connected')
  t.false(await page.isVisible('#notice'))
  t.deepEqual(problems, [])
})

browserTest('names are text, whatever is in them', async (t) => {
  const name = '<img src=x onerror="document.title=1"><script>document.title=1</script>&amp;'
  const telemetry = () => ({
    cores: [core({ kind: name, state: name })],
    clients: [client({ name, address: name, transport: name })],
  })
  const { url } = await serve(t, { telemetry, source: name, server: name })
  const { page, problems } = await open(t, url)
  await lineCrosses(page, 18)
  await page.waitForSelector('[data-client="1"]')
  t.is(await page.textContent('#source'), name)
  t.is(await page.textContent('#server'), name)
  t.is(await page.textContent('[data-client="1"] .name'), name)
  t.is(await page.locator('main img, main script').count(), 0)
  t.deepEqual(problems, [])
})

browserTest('of a thousand clients it shows the first fifty, and says how many more', async (t) => {
  const clients = Array.from({ length: 1000 }, (_, i) => client({ id: i + 1 }))
  const { url } = await serve(t, { telemetry: () => ({ clients }) })
  const { page } = await open(t, url)
  await page.waitForSelector('[data-client="50"]')
  t.is(await page.locator('#client-rows tr').count(), 50)
  t.is(await page.textContent('#clients-count'), '1,000')
  t.is(await page.textContent('#clients-more'), '… and 950 more clients')
})

browserTest(
  'frames that were left out are told of, and warned of where the page is slow',
  async (t) => {
    const { service, url } = await serve(t)
    const { page } = await open(t, url)
    await lineCrosses(page, 18)
    t.false(await page.isVisible('#skipped'))
    const scope = { source: 'plucked string', sampleRateHz: 48_000, channels: 1, skipped: 4800 }
    const send = (more: object) => {
      for (const peer of service.peers) {
        service.send(peer, { scope: { ...scope, ...more, data: new Uint8Array(4) } })
      }
    }
    const colour = () => page.evaluate(`getComputedStyle(document.querySelector('#skipped')).color`)
    send({})
    await page.waitForSelector('#skipped:visible')
    t.is(await page.textContent('#skipped'), '4,800 frames not shown')
    const quiet = await page.evaluate(`getComputedStyle(document.querySelector('#format')).color`)
    t.is(await colour(), quiet)
    send({ dropped: 300 })
    await textChanges(page, '#skipped', '4,800 frames not shown')
    t.is(
      await page.textContent('#skipped'),
      '9,600 frames not shown, 300 because this page is too slow',
    )
    t.not(await colour(), quiet)
  },
)

browserTest('what was left out of one source is not said of the next', async (t) => {
  const { service, url } = await serve(t)
  const { page } = await open(t, url)
  await lineCrosses(page, 18)
  service.stop()
  const format = { sampleRateHz: 48_000, channels: 1, data: new Uint8Array(4) }
  const send = (scope: object) => {
    for (const peer of service.peers) service.send(peer, { scope: { ...format, ...scope } })
  }
  send({ source: 'process', skipped: 4800 })
  await page.waitForSelector('#skipped:visible')
  send({ source: 'plucked string' })
  await page.waitForSelector('#skipped', { state: 'hidden' })
  t.is(await page.textContent('#source'), 'plucked string')
})

for (const width of [1280, 400]) {
  browserTest(`at ${width} pixels the clients are a table to who cannot see it`, async (t) => {
    const { url } = await serve(t, { telemetry: () => ({ clients: [client()] }) })
    const { page } = await open(t, url, { viewport: { width, height: 800 } })
    await page.waitForSelector('[data-client="1"]')
    const devTools = await page.context().newCDPSession(page)
    const { nodes } = await devTools.send('Accessibility.getFullAXTree')
    const roles = nodes.filter(({ ignored }) => !ignored).map(({ role }) => String(role?.value))
    const count = (role: string) => roles.filter((each) => each === role).length
    t.deepEqual([count('table'), count('row'), count('columnheader'), count('cell')], [1, 2, 7, 7])
    const names = nodes.filter(({ role }) => role?.value === 'cell').map(({ name }) => name?.value)
    t.is(names[1], '127.0.0.1:49152', 'the label that narrow screens show is not read out')
  })
}

browserTest('a tab that was frozen goes on where the server is', async (t) => {
  const { service, url } = await serve(t)
  const { page, problems } = await open(t, url)
  await lineCrosses(page, 18)
  const [peer] = service.peers
  const devTools = await page.context().newCDPSession(page)
  await devTools.send('Page.setWebLifecycleState', { state: 'frozen' })
  const sent = peer?.counters.messagesOut ?? 0
  await service.until(() => (peer?.counters.messagesOut ?? 0) >= sent + 30)
  await devTools.send('Page.setWebLifecycleState', { state: 'active' })
  const frames = await page.getAttribute('#waveform', 'data-frames')
  await until(page, `document.querySelector('#waveform').dataset.frames > ${frames}`)
  await connectionIs(page, 'connected')
  await lineCrosses(page, 18)
  t.deepEqual(problems, [])
})

for (const colorScheme of ['light', 'dark'] as const) {
  browserTest(`it fits every width, and can be read in ${colorScheme}`, async (t) => {
    const telemetry = () => ({
      cores: [core(), core({ index: 2, state: 'crashed' }), core({ index: 3, overruns: 10 ** 12 })],
      clients: [1, 2, 3].map((id) => client({ id, name: 'n'.repeat(64), bytesIn: 10 ** 15 })),
    })
    const source = 's'.repeat(64)
    const { url } = await serve(t, { telemetry, channels: 8, source, sound: loudLeft })
    const { page } = await open(t, url, { colorScheme, viewport: { width: 360, height: 640 } })
    await lineCrosses(page, 18)
    for (const width of [360, 414, 639, 768, 897, 1280, 2560]) {
      await page.setViewportSize({ width, height: 800 })
      await until(
        page,
        `document.querySelector('#waveform canvas').clientWidth <= document.querySelector('#waveform').clientWidth`,
      )
      t.is(await page.evaluate('document.documentElement.scrollWidth'), width)
    }
    const contrasts = await page.evaluate<Record<string, number>>(CONTRASTS)
    t.true(Object.keys(contrasts).length > 10)
    for (const [pair, contrast] of Object.entries(contrasts)) {
      t.true(contrast >= 4.5, `${pair}: ${contrast.toFixed(2)}`)
    }
  })
}

browserTest('the page is small, asks nobody else for anything, and is served as one', async (t) => {
  const { url } = await serve(t)
  const { page } = await openPage(t)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  page.on('websocket', (socket) => asked.push(socket.url()))
  await page.goto(url)
  await connectionIs(page, 'connected')
  t.deepEqual(
    new Set(asked),
    new Set([
      ...[url, `${url}console.css`, `${url}console.js`, `${url}favicon.svg`],
      `${url.replace('http', 'ws')}ws`,
    ]),
  )
  t.true(statSync(join(REPOSITORY, 'dist/web/console.js')).size < 300_000)
})

const COLOURS_OF_KEY = `[...document.querySelectorAll('.line-sample')]
  .map((sample) => getComputedStyle(sample).backgroundColor)`

const COLOURS_OF_CHANNELS = `[0, 1].map((channel) => {
  const probe = document.body.appendChild(document.createElement('i'))
  probe.style.color = 'var(--channel-' + channel + ')'
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
})`

/** The contrast (WCAG 2.2) of each colour of text with each ground that it is on. */
const CONTRASTS = `(() => {
  const style = getComputedStyle(document.documentElement)
  const probe = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  const luminance = (name) => {
    probe.fillStyle = style.getPropertyValue(name)
    probe.fillRect(0, 0, 1, 1)
    const [r, g, b] = [...probe.getImageData(0, 0, 1, 1).data]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const pairs = [
    ...['--text', '--muted'].flatMap((text) => ['--ground', '--panel'].map((on) => [text, on])),
    ...['--good', '--warn', '--bad'].flatMap((text) => [[text, text + '-ground'], [text, '--panel']]),
    ['--text', '--track'],
    ['--muted', '--track'],
    ['--ground', '--accent'],
  ]
  return Object.fromEntries(
    pairs.map(([text, on]) => {
      const [low, high] = [luminance(text), luminance(on)].sort((a, b) => a - b)
      return [text + ' on ' + on, (high + 0.05) / (low + 0.05)]
    }),
  )
})()`
