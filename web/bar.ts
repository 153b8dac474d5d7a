import { element, setAttribute } from './dom.ts'

/** A horizontal bar that is filled to a share, with its value as a text for screen readers. */
export class Bar {
  readonly root: HTMLElement
  readonly #fill = element('span', 'bar-fill')

  constructor(label: string) {
    this.root = element('span', 'bar', this.#fill)
    this.root.setAttribute('role', 'meter')
    this.root.setAttribute('aria-label', label)
    this.root.setAttribute('aria-valuemin', '0')
    this.root.setAttribute('aria-valuemax', '100')
  }

  /** @param share 0 to 1 */
  update(share: number, text: string): void {
    const percent = Math.min(100, Math.max(0, share * 100))
    this.#fill.style.setProperty('--share', (percent / 100).toFixed(4))
    setAttribute(this.root, 'aria-valuenow', percent.toFixed(0))
    setAttribute(this.root, 'aria-valuetext', text)
  }

  /** Something inside the bar, for example a mark. */
  append(child: HTMLElement): void {
    this.root.append(child)
  }
}
