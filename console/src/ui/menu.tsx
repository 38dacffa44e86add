import { DropdownMenu } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'
import { classes } from './class-names.ts'

export type MenuItem = {
  label: string
  icon?: ReactNode
  onSelect: () => void
  danger?: boolean
  /** Why it cannot be chosen now. */
  refused?: string | false
}

/** Rarer actions behind one button. */
export function Menu({ trigger, items }: { trigger: ReactNode; items: readonly MenuItem[] }): ReactElement {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="z-50 min-w-44 rounded-lg border border-line bg-raised p-1 text-sm shadow-xl"
        >
          {items.map(item => (
            <DropdownMenu.Item
              key={item.label}
              disabled={Boolean(item.refused)}
              onSelect={item.onSelect}
              className={classes(
                'flex cursor-pointer items-center gap-2 rounded-md px-2.5 py-1.5 outline-none data-disabled:cursor-default data-disabled:opacity-60 data-highlighted:bg-sunken',
                item.danger && 'text-bad',
              )}
            >
              {item.icon}
              <span>
                {item.label}
                {item.refused && <span className="block text-xs text-quiet">{item.refused}</span>}
              </span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
