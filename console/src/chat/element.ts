type Attributes = Readonly<Record<string, string | boolean>>

/** An element, made of texts and other elements alone: nothing is ever read as HTML. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes))
    if (value !== false) made.setAttribute(key, value === true ? '' : value)
  made.append(...children)
  return made
}

const icons = {
  chat: 'M4 5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5v8a2.5 2.5 0 0 1-2.5 2.5H11l-4.6 4.2c-.5.5-1.4.1-1.4-.6V16A2.5 2.5 0 0 1 4 13.5z',
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M5 12h13M12 5l7 7-7 7',
  stop: 'M8 8h8v8H8z',
  fresh: 'M12 5v14M5 12h14',
  down: 'M6 9.5l6 6 6-6',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  failed: 'M12 7v6M12 16.5v.5',
  copy: 'M9 9h10v10H9zM5 15V5h10',
} as const

const svg = 'http://www.w3.org/2000/svg'

/** Beside a label, or in a button that has one: hidden from those who listen. */
export function icon(name: keyof typeof icons): SVGSVGElement {
  const made = document.createElementNS(svg, 'svg')
  for (const [key, value] of Object.entries({
    viewBox: '0 0 24 24',
    class: `icon icon-${name}`,
    'aria-hidden': 'true',
  }))
    made.setAttribute(key, value)
  const path = document.createElementNS(svg, 'path')
  path.setAttribute('d', icons[name])
  made.append(path)
  return made
}
