import { useSyncExternalStore } from 'react'

/** `system` follows the machine's. */
export type Theme = 'system' | 'light' | 'dark'

const key = 'roundhouse-theme'
const listeners = new Set<() => void>()

/** Which theme was chosen, and how to choose another. `/theme.js` applies it before the page is drawn. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  return [useSyncExternalStore(subscribe, read), write]
}

/** Calls back when colours may have changed, by choice or by the machine: for what draws on a canvas. */
export function onColoursChange(listener: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  listeners.add(listener)
  system.addEventListener('change', listener)
  return () => {
    listeners.delete(listener)
    system.removeEventListener('change', listener)
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function read(): Theme {
  const { theme } = document.documentElement.dataset
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

function write(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  try {
    if (theme === 'system') localStorage.removeItem(key)
    else localStorage.setItem(key, theme)
  } catch {
    // Storage may be switched off; the choice then lasts as long as the page.
  }
  for (const listener of [...listeners]) listener()
}
