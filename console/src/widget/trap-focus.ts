const reachable = 'button, textarea, a[href], summary, [tabindex="0"]'

/** Keeps Tab within the box; Escape is the way out. */
export function trapFocus(event: KeyboardEvent, box: HTMLElement, root: ShadowRoot): void {
  if (event.key !== 'Tab') return
  const all = [...box.querySelectorAll<HTMLElement>(reachable)].filter(
    one => one.checkVisibility() && !one.matches(':disabled'),
  )
  const [first, last] = [all[0], all.at(-1)]
  const now = root.activeElement
  if (event.shiftKey && now === first) last?.focus()
  else if (!event.shiftKey && now === last) first?.focus()
  else return
  event.preventDefault()
}
