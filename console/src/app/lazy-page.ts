import { lazyRouteComponent } from '@tanstack/react-router'
import type { ReactNode } from 'react'

/** The page is not loaded yet, and the server does not answer. */
export class PageAway extends Error {}

/**
 * A page that comes when it is first opened. When its file cannot be had, the router loads the window anew, for the console of
 * a newer server; while the server is away that would leave nothing of what is shown, so it is said on the page instead.
 */
export function lazyPage<Name extends string>(
  load: () => Promise<Record<Name, () => ReactNode>>,
  name: Name,
): ReturnType<typeof lazyRouteComponent<Record<string, () => ReactNode>, string>> {
  return lazyRouteComponent<Record<string, () => ReactNode>, string>(async () => {
    try {
      return await load()
    } catch (cause) {
      if (await isServerThere()) throw cause
      throw new PageAway('The server does not answer, so this page cannot be opened.', { cause })
    }
  }, name)
}

/** Loads the window anew if there is something to load it from. */
export async function reloadIfThere(): Promise<void> {
  if (await isServerThere()) location.reload()
}

async function isServerThere(): Promise<boolean> {
  return fetch('/favicon.svg', { method: 'HEAD', cache: 'no-store' }).then(
    () => true,
    () => false,
  )
}
