import { X } from 'lucide-react'
import { type ReactElement, type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react'
import { Button, IconButton } from './button.tsx'
import { classes } from './class-names.ts'
import { TextField } from './field.tsx'
import { ProblemNotice } from './problem.tsx'
import { Notice } from './state.tsx'

/**
 * The browser's own modal dialog: it keeps the focus inside, gives it back, and ends with Escape. Rendered while it is open,
 * so that what it holds begins anew each time. What was filled in and not sent is asked about before it is lost.
 */
export function Dialog({
  title,
  onClose,
  children,
  place = 'middle',
  wide = false,
}: {
  title: string
  onClose: () => void
  children: ReactNode
  /** `side` is a drawer, for looking at one thing beside a list. */
  place?: 'middle' | 'side'
  wide?: boolean
}): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null)
  const isPressedOutside = useRef(false)
  const isFilledIn = useRef(false)
  const [isAsking, setAsking] = useState(false)
  const leave = () => {
    if (isFilledIn.current && !isAsking) setAsking(true)
    else onClose()
  }
  const id = useId()
  // Before it leaves the page: the browser gives the focus back only from a dialog that is still there.
  useLayoutEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    // The browser begins with the first that can have the focus, which is the button that closes.
    shown?.querySelector<HTMLElement>('[data-autofocus]')?.focus()
    return () => shown?.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, and there is a button
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={event => {
        // Of a dialog over this one, and of a file picker within.
        if (event.target !== dialog.current) return
        event.preventDefault()
        leave()
      }}
      onClose={() => {
        // The browser does not let a second Escape be prevented.
        if (!dialog.current?.open) onClose()
      }}
      onInput={({ target }) => {
        if (target instanceof Element && target.closest('form')) isFilledIn.current = true
      }}
      onSubmit={() => {
        isFilledIn.current = false
      }}
      // Text that is selected from within to beyond the edge is no click beside the dialog.
      onPointerDown={event => {
        isPressedOutside.current = event.target === dialog.current
      }}
      onClick={event => {
        if (event.target === dialog.current && isPressedOutside.current) leave()
      }}
      className={classes(
        'border border-line bg-raised p-0 shadow-2xl',
        place === 'side'
          ? 'mr-0 h-dvh max-h-dvh w-[min(42rem,100%)] max-w-none rounded-l-xl'
          : classes(
              'max-h-[88dvh] rounded-xl',
              wide ? 'w-[min(64rem,calc(100vw-2rem))]' : 'w-[min(34rem,calc(100vw-2rem))]',
            ),
      )}
    >
      <div className="p-5">
        <div className="mb-4 flex items-start justify-between gap-4">
          <h2 id={id} className="text-lg font-semibold tracking-tight [overflow-wrap:anywhere]">
            {title}
          </h2>
          <IconButton label="Close" onClick={leave} className="-mt-1 -mr-1.5">
            <X className="size-4" />
          </IconButton>
        </div>
        {isAsking && (
          <div role="alert" className="mb-4">
            <Notice tone="warn">
              <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
                <p className="mr-auto">What you filled in is not saved.</p>
                <Button size="small" look="danger" onClick={onClose}>
                  Discard it
                </Button>
                <Button size="small" onClick={() => setAsking(false)}>
                  Keep it
                </Button>
              </div>
            </Notice>
          </div>
        )}
        {children}
      </div>
    </dialog>
  )
}

/** Names what is done to what, and waits for the server. `typeName` asks for the name of what has data. */
export function ConfirmDialog({
  title,
  children,
  action,
  busy,
  typeName,
  onConfirm,
  onClose,
}: {
  title: string
  /** The effect, in a sentence. */
  children: ReactNode
  /** What the button says: `Delete model`. */
  action: string
  /** What it says meanwhile: `Deleting…`. */
  busy: string
  typeName?: string
  /** The dialog closes when it fulfils, and shows why it did not. */
  onConfirm: () => Promise<unknown>
  onClose: () => void
}): ReactElement {
  const [typed, setTyped] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const confirm = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await onConfirm()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={event => {
          event.preventDefault()
          void confirm()
        }}
        // The typed name is nothing to keep.
        onInput={event => event.stopPropagation()}
        className="grid gap-4"
      >
        <div className="text-sm text-quiet">{children}</div>
        {typeName !== undefined && (
          <TextField
            label={`Type ${typeName} to confirm`}
            value={typed}
            onChange={event => setTyped(event.target.value)}
            autoComplete="off"
            spellCheck={false}
          />
        )}
        {error !== undefined && <ProblemNotice error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="danger"
            type="submit"
            busy={isBusy && busy}
            refused={typeName !== undefined && typed !== typeName && `Type ${typeName} first.`}
          >
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
