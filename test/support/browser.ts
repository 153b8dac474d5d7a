import test, { type ExecutionContext } from 'ava'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { needsTool } from './needs-tool.ts'
import { type Declare, needsUWebSockets } from './needs-uwebsockets.ts'

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium'

/** Declares a test that looks at a page of the gateway in a browser. One runs at a time. */
export const browserTest: Declare = needsUWebSockets(
  needsTool(test.serial, CHROMIUM, 'apt-get install chromium'),
)

let browser: Promise<Browser> | undefined

/** A new page, in a browser that the tests of a file share, and all that went wrong on it so far. */
export async function openPage(
  t: ExecutionContext,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; problems: string[] }> {
  browser ??= chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
  const context = await (await browser).newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text())
  })
  page.on('requestfailed', (request) => problems.push(`${request.url()} failed`))
  return { page, problems }
}

/** Ample for a page beside other tests on a busy machine. */
const UNTIL_MS_MAX = 30_000

/**
 * Resolves when an expression holds in the page, looked at before each of its frames. Playwright's
 * own waitForFunction would need `eval` in the page, which the console's policy forbids.
 */
export async function until(page: Page, expression: string, what = expression): Promise<void> {
  const deadline = performance.now() + UNTIL_MS_MAX
  while (!(await page.evaluate<boolean>(expression))) {
    if (performance.now() > deadline) throw new Error(`The page never came to: ${what}`)
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))')
  }
}

test.after.always(async () => {
  await (await browser)?.close()
})
