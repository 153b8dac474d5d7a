/** What shows one item of a list. */
export interface ItemView<Item> {
  readonly root: HTMLElement
  update(item: Item): void
}

/** What tells the items of a list apart. */
type Key = number | string

/** The views of a list's items, each kept for as long as its item is there, in the items' order. */
export class KeyedList<Item> {
  readonly #parent: HTMLElement
  readonly #keyOf: (item: Item) => Key
  readonly #create: (item: Item) => ItemView<Item>
  readonly #views = new Map<Key, ItemView<Item>>()

  constructor(
    parent: HTMLElement,
    keyOf: (item: Item) => Key,
    create: (item: Item) => ItemView<Item>,
  ) {
    this.#parent = parent
    this.#keyOf = keyOf
    this.#create = create
  }

  update(items: readonly Item[]): void {
    const keys = new Set(items.map(this.#keyOf))
    for (const [key, view] of this.#views) {
      if (keys.has(key)) continue
      view.root.remove()
      this.#views.delete(key)
    }
    for (const [position, item] of items.entries()) {
      const view = this.#viewOf(item)
      view.update(item)
      const there = this.#parent.children[position]
      if (there !== view.root) this.#parent.insertBefore(view.root, there ?? null)
    }
  }

  #viewOf(item: Item): ItemView<Item> {
    const key = this.#keyOf(item)
    const existing = this.#views.get(key)
    if (existing !== undefined) return existing
    const view = this.#create(item)
    this.#views.set(key, view)
    return view
  }
}
