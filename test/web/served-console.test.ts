import { browserTest, openPage, until } from '../support/browser.ts'
import { startServer } from '../support/carillon-server.ts'

browserTest('what a server plays is seen in the browser at once', async (t) => {
  const server = await startServer(t, '--console-port', '0')
  const { page, problems } = await openPage(t)
  await page.goto(`http://127.0.0.1:${server.consolePort}/`)
  await page.waitForSelector('#connection[data-state="connected"]')
  await page.waitForSelector('.core[data-state="running"][data-heartbeat="beating"]')
  await until(page, `document.querySelector('#source').textContent === 'plucked string'`)
  await until(page, `document.querySelector('#waveform').dataset.frames > 48000`)
  t.regex((await page.textContent('.level .number')) ?? '', /^\u2212\d+\.\d dBFS$/)
  t.is(await page.locator('.ring').count(), 2)
  const clients = await page.locator('#client-rows .name').allTextContents()
  t.deepEqual(clients, ['console'])
  t.deepEqual(problems, [])
  t.is(await server.end('SIGINT'), 0)
  await page.waitForSelector('#connection[data-state="disconnected"]')
})
