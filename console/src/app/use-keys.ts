import { useEffect } from 'react'

/** The keys of every page, for `?` to show. */
export const keyNames: readonly (readonly [keys: string, does: string])[] = [
  ['Ctrl K or ⌘ K', 'Search and commands'],
  ['/', 'Search in this list'],
  ['j, k', 'Next and previous row'],
  ['Enter', 'Open the row'],
  ['?', 'These keys'],
  ['Esc', 'Close what is open'],
]

/** Keys that work everywhere but where one writes. */
export function useKeys({ onPalette, onHelp }: { onPalette: () => void; onHelp: () => void }): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        onPalette()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return
      if (document.querySelector('dialog:modal')) return
      if (event.key === '?') onHelp()
      else if (event.key === '/') {
        const field = document.querySelector<HTMLInputElement>('main [data-search]')
        if (!field) return
        event.preventDefault()
        field.focus()
      } else if (event.key === 'j') moveRow(1)
      else if (event.key === 'k') moveRow(-1)
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [onPalette, onHelp])
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable=true]') !== null
  )
}

/** To the first link of the next row, counted from the one that has the focus; without one, to the first of the first list. */
function moveRow(step: 1 | -1): void {
  const list =
    document.activeElement?.closest('main [data-list]') ?? document.querySelector('main [data-list]')
  const rows = [...(list?.querySelectorAll<HTMLElement>('[data-index]') ?? [])].sort(
    (a, b) => Number(a.dataset.index) - Number(b.dataset.index),
  )
  const at = rows.findIndex(row => row.contains(document.activeElement))
  const next = at < 0 ? rows[0] : rows[at + step]
  next?.querySelector<HTMLElement>('a, button')?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}
