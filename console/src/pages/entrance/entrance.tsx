import { type ReactElement, type ReactNode, useEffect } from 'react'

/** The frame of the pages before sign-in. */
export function Entrance({
  title,
  about,
  children,
}: {
  title: string
  about: ReactNode
  children: ReactNode
}): ReactElement {
  useEffect(() => {
    document.title = `${title} · Roundhouse`
  }, [title])
  return (
    <main className="mx-auto grid min-h-dvh w-full max-w-sm content-center px-5 py-12">
      <p className="mb-6 flex items-center gap-2 font-semibold tracking-tight">
        <svg viewBox="0 0 32 32" className="size-6" aria-hidden="true">
          <use href="/favicon.svg#mark" />
        </svg>
        Roundhouse
      </p>
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      <p className="mt-1.5 mb-6 text-sm text-quiet">{about}</p>
      {children}
    </main>
  )
}
