/** Keeps cookies as a browser would of one site, and follows no redirects. */
export type Browser = {
  fetch(url: string | URL, init?: RequestInit): Promise<Response>
  readonly cookies: ReadonlyMap<string, string>
}

export function createBrowser(): Browser {
  const cookies = new Map<string, string>()
  return {
    cookies,
    async fetch(url, init = {}) {
      const headers = new Headers(init.headers)
      if (cookies.size > 0) headers.set('cookie', [...cookies].map(pair => pair.join('=')).join('; '))
      const response = await fetch(url, { ...init, headers, redirect: 'manual' })
      keep(cookies, response.headers.getSetCookie())
      return response
    },
  }
}

/** Takes `Set-Cookie` headers into a jar. */
export function keep(cookies: Map<string, string>, set: readonly string[]): void {
  for (const header of set) {
    const [pair = '', ...attributes] = header.split(';').map(part => part.trim())
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    if (attributes.some(attribute => /^max-age=0$/i.test(attribute))) cookies.delete(name)
    else cookies.set(name, pair.slice(at + 1))
  }
}
