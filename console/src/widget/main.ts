import { createWidget, type Widget } from './widget.ts'

declare global {
  interface Window {
    Roundhouse?: Widget
  }
}

/** The tag that this script came by: it says which embed, and how it is to look. */
function ownTag(): HTMLScriptElement | null {
  const { currentScript } = document
  return currentScript instanceof HTMLScriptElement
    ? currentScript
    : document.querySelector('script[data-key^="rhe_"]')
}

function start(tag: HTMLScriptElement): void {
  const { key = '', colour, color, theme, position, title, greeting, open } = tag.dataset
  const widget = createWidget({
    host: new URL(tag.src, location.href).origin,
    key,
    colour: colour ?? color,
    theme,
    position,
    title,
    greeting,
    open: open !== undefined && open !== 'false',
  })
  window.Roundhouse = {
    ...widget,
    remove() {
      widget.remove()
      // The tag may come again, on the next page of a site that never leaves its first.
      delete window.Roundhouse
    },
  }
}

const tag = ownTag()
// A page that names the script twice gets one button.
if (!tag?.dataset.key) console.warn('Roundhouse: the script tag needs data-key="rhe_...".')
else if (!window.Roundhouse) {
  if (document.body) start(tag)
  else document.addEventListener('DOMContentLoaded', () => start(tag), { once: true })
}
