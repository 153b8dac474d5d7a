/** The element of the page with this id. The page is ours: that it is missing is a bug. */
export function byId<Type extends Element>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}`)
  return found
}

/** A new element. Text is only ever set as text: names come from strangers. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  if (className !== '') made.className = className
  made.append(...children)
  return made
}

/** Sets the text where it differs: the page is updated often, and most of it stays the same. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** Sets an attribute where it differs. */
export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

/** A term of a `<dl>`, with what it means, and the element for its value. */
export function fact(term: string, meaning: string): { row: HTMLElement; value: HTMLElement } {
  const value = element('dd')
  const row = element('div', 'fact', element('dt', '', term), value)
  row.title = meaning
  return { row, value }
}
