import { useClient, useSession } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { Outlet, useRouter, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon, Search } from 'lucide-react'
import { lazy, type ReactElement, Suspense, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { IconButton } from '../ui/button.tsx'
import { Waiting } from '../ui/page.tsx'
import { ProblemNotice } from '../ui/problem.tsx'
import { KeyHelp } from './key-help.tsx'
import { type Live, LiveContext, useLiveChanges } from './live.ts'
import { LiveMark } from './live-mark.tsx'
import { MeContext } from './me.ts'
import { SideBar } from './side-bar.tsx'
import { useKeys } from './use-keys.ts'
import { watchSession } from './watch-session.ts'

const Palette = lazy(() => import('./palette.tsx'))

/** Around every page behind sign-in: who is here, where to go, what is live. */
export function Shell(): ReactElement {
  const { status, me, error, refresh } = useSession()
  const queries = useQueryClient()
  useEffect(() => watchSession(queries, () => void refresh()), [queries, refresh])
  const id = me?.id
  // biome-ignore lint/correctness/useExhaustiveDependencies: of whoever was here before nothing is kept
  useEffect(() => () => queries.clear(), [queries, id])

  if (status === 'signed-in')
    return (
      <MeContext value={me}>
        <Frame />
      </MeContext>
    )
  if (status === 'signed-out') return <ToSignIn />
  return (
    <div className="mx-auto max-w-xl p-8">
      {error ? <ProblemNotice error={error} retry={() => void refresh()} /> : <Waiting what="your account" />}
    </div>
  )
}

/** Goes there once: the address changes while the page of sign-in is still on its way. */
function ToSignIn(): ReactElement {
  const router = useRouter()
  useEffect(() => {
    const here = router.latestLocation.href
    if (here.startsWith('/sign-in')) return
    void router.navigate({ to: '/sign-in', search: here === '/' ? {} : { next: here }, replace: true })
  }, [router])
  return <Waiting what="sign-in" />
}

type Overlay = 'palette' | 'keys' | 'places' | undefined

function Frame(): ReactElement {
  const client = useClient()
  const queries = useQueryClient()
  const live: Live = useLiveChanges(client, queries)
  const [overlay, setOverlay] = useState<Overlay>()
  const path = useRouterState({ select: state => state.location.pathname })
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever goes elsewhere has chosen
  useEffect(() => setOverlay(undefined), [path])
  useKeys({ onPalette: () => setOverlay('palette'), onHelp: () => setOverlay('keys') })

  return (
    <LiveContext value={live}>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-raised focus:px-3 focus:py-2"
      >
        To the content
      </a>
      <div className="lg:grid lg:grid-cols-[14.5rem_minmax(0,1fr)]">
        <aside className="sticky top-0 hidden h-dvh border-r border-line bg-sunken/60 lg:block">
          <SideBar onSearch={() => setOverlay('palette')} />
        </aside>
        <div className="min-w-0">
          <header className="sticky top-0 z-30 flex items-center gap-2 border-b border-line bg-ground/95 px-3 py-2 backdrop-blur lg:hidden">
            <IconButton label="Open the menu" onClick={() => setOverlay('places')}>
              <MenuIcon className="size-5" />
            </IconButton>
            <span className="font-semibold">Roundhouse</span>
            <span className="ml-auto" />
            <LiveMark live={live} />
            <IconButton label="Search and commands" onClick={() => setOverlay('palette')}>
              <Search className="size-4.5" />
            </IconButton>
          </header>
          {live.state === 'away' && <AwayBanner since={live.lastContact} />}
          <main id="content" tabIndex={-1} className="outline-none">
            <Suspense
              fallback={
                <div className="p-6">
                  <Waiting what="the page" />
                </div>
              }
            >
              <Outlet />
            </Suspense>
          </main>
        </div>
      </div>
      {overlay === 'places' && (
        <SideDrawer onClose={() => setOverlay(undefined)} onSearch={() => setOverlay('palette')} />
      )}
      {overlay === 'keys' && <KeyHelp onClose={() => setOverlay(undefined)} />}
      {overlay === 'palette' && (
        <Suspense fallback={null}>
          <Palette onClose={() => setOverlay(undefined)} />
        </Suspense>
      )}
    </LiveContext>
  )
}

/** The places, over the page: where there is no room beside it. */
function SideDrawer({ onClose, onSearch }: { onClose: () => void; onSearch: () => void }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null)
  // As in ui/dialog.tsx: the focus goes back where it was only from a dialog that is still in the page.
  useLayoutEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    return () => shown?.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it
    <dialog
      ref={dialog}
      aria-label="Menu"
      onCancel={onClose}
      onClick={({ target }) => {
        if (target === dialog.current || (target instanceof Element && target.closest('a'))) onClose()
      }}
      className="m-0 h-dvh max-h-dvh w-64 border-r border-line bg-ground p-0 shadow-2xl lg:hidden"
    >
      <SideBar onSearch={onSearch} />
    </dialog>
  )
}

function AwayBanner({ since }: { since: number | undefined }): ReactElement {
  return (
    <p role="status" className="bg-warn-wash px-4 py-2 text-sm">
      The server does not answer{since !== undefined && ` since ${new Date(since).toLocaleTimeString()}`}.
      What is shown is as of then; it goes on by itself when the server is back.
    </p>
  )
}
