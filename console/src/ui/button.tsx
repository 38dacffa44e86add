import type { ButtonHTMLAttributes, ReactElement, ReactNode } from 'react'
import { classes } from './class-names.ts'

type Look = 'primary' | 'plain' | 'quiet' | 'danger'
export type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> & {
  look?: Look
  size?: 'small' | 'normal'
  /** What is being done, in a word or two: shown instead of the label, and pressing does nothing meanwhile. */
  busy?: string | false | undefined
  /** Why it cannot be pressed now. It stays reachable, so that the reason can be read. */
  refused?: string | false | undefined
  icon?: ReactNode
}

/** The classes of a button, for links that look like one. */
export function buttonLook(look: Look = 'plain', size: 'small' | 'normal' = 'normal'): string {
  return classes(
    'inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap select-none transition-colors',
    size === 'small' ? 'h-7 px-2 text-[13px]' : 'h-9 px-3.5 text-sm',
    look === 'primary' && 'border-accent bg-accent text-on-accent hover:brightness-110',
    look === 'plain' && 'border-line bg-raised text-ink hover:border-edge',
    look === 'quiet' && 'border-transparent bg-transparent text-quiet hover:bg-sunken hover:text-ink',
    look === 'danger' && 'border-bad bg-raised text-bad hover:bg-bad-wash',
  )
}

export function Button({
  look = 'plain',
  size = 'normal',
  busy,
  refused,
  icon,
  children,
  className,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps): ReactElement {
  const isIdle = !busy && !refused
  return (
    <button
      {...rest}
      type={isIdle ? type : 'button'}
      aria-disabled={isIdle ? undefined : true}
      title={refused || rest.title}
      onClick={isIdle ? onClick : undefined}
      className={classes(buttonLook(look, size), !isIdle && 'opacity-60', className)}
    >
      {busy ? <Turning /> : icon}
      {busy || children}
    </button>
  )
}

/** A button that is a picture; `label` is its name and its hint. */
export function IconButton({
  label,
  children,
  className,
  ...rest
}: Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'aria-label'> & { label: string }): ReactElement {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={classes(
        'inline-flex size-8 shrink-0 items-center justify-center rounded-md text-quiet hover:bg-sunken hover:text-ink',
        className,
      )}
    >
      {children}
    </button>
  )
}

export function Turning(): ReactElement {
  return (
    <span
      aria-hidden="true"
      className="inline-block size-3.5 animate-spin rounded-full border-2 border-current border-r-transparent"
    />
  )
}
