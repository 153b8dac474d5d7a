import { byId, setText } from './dom.ts'

/** Long enough to read a sentence twice. */
const NEWS_MS = 12_000

/** A line for what somebody should know: what went wrong, or that the server is another one now. */
export class NoticeView {
  readonly #notice = byId('notice', HTMLElement)
  #timer = 0

  /** Stays until the next one, or until the connection works. */
  showProblem(text: string): void {
    this.#show('problem', text)
  }

  /** Goes away by itself. */
  showNews(text: string): void {
    this.#show('news', text)
    this.#timer = setTimeout(() => this.clear(), NEWS_MS)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#notice.hidden = true
    setText(this.#notice, '')
  }

  #show(kind: 'problem' | 'news', text: string): void {
    clearTimeout(this.#timer)
    this.#notice.dataset.kind = kind
    this.#notice.hidden = false
    setText(this.#notice, text)
  }
}
