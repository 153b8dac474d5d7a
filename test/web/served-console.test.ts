import { CarillonClient } from '../../src/client/index.ts'
import { browserTest, openPage, until } from '../support/browser.ts'
import { startServer } from '../support/carillon-server.ts'
import { DRAWN_LINE, type DrawnLine } from '../support/waveform-pixels.ts'

const sourceIs = (name: string) => `document.querySelector('#source').textContent === '${name}'`

browserTest(
  'the served page shows the string that the core plays, then what a client plays',
  async (t) => {
    const server = await startServer(t, '--console-port', '0')
    const { page, problems } = await openPage(t)
    await page.goto(`http://127.0.0.1:${server.consolePort}/`)
    await until(page, sourceIs('plucked string'), 'the string')
    await until(page, `${DRAWN_LINE}.crossings > 2`, 'a waveform')
    const before = await page.evaluate<DrawnLine>(DRAWN_LINE)
    const heights = JSON.stringify(before.heights)
    await until(
      page,
      `JSON.stringify(${DRAWN_LINE}.heights) !== '${heights}'`,
      'a waveform that moves',
    )
    await until(page, `document.body.innerText.includes('running')`, 'the state of the core')

    const client = await CarillonClient.connect({ port: server.port, name: 'a violin' })
    const stream = await client.openStream({ sampleRateHz: 48_000, channels: 1, onBlock: () => {} })
    const sine = Float32Array.from({ length: 4800 }, (_, at) => 0.5 * Math.sin(at * 0.0576))
    let playing = true
    const played = (async () => {
      while (playing) await stream.send(sine)
    })()
    await until(page, sourceIs('a violin'), 'the client as the source')
    await until(page, `document.body.innerText.includes('a violin')`, 'the client in the list')
    playing = false
    await played
    await stream.close()
    await client.close()
    await until(page, sourceIs('plucked string'), 'the string again')

    t.is(await server.end('SIGINT'), 0)
    await page.waitForSelector('#connection[data-state="disconnected"]')
    t.deepEqual(
      problems.filter((problem) => !problem.includes('WebSocket')),
      [],
    )
  },
)
