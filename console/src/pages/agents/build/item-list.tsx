import { ArrowDown, ArrowUp, Pencil, Trash2 } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'
import { IconButton } from '../../../ui/button.tsx'

/** Tools, rules or texts in their order: each is changed, moved and taken away here. */
export function ItemList<Item>({
  label,
  items,
  titleOf,
  factsOf,
  faultOf,
  onChange,
  onEdit,
}: {
  label: string
  items: readonly Item[]
  titleOf: (item: Item) => string
  factsOf: (item: Item) => ReactNode
  faultOf: (index: number) => string | undefined
  onChange: (items: Item[]) => void
  onEdit?: (index: number) => void
}): ReactElement {
  const move = (from: number, to: number) => {
    const next = [...items]
    next.splice(to, 0, ...next.splice(from, 1))
    onChange(next)
  }
  return (
    <ol
      aria-label={label}
      className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-raised"
    >
      {items.map((item, index) => {
        const title = titleOf(item)
        const fault = faultOf(index)
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: two of them may be alike, and none has an id
          <li key={index} className="flex items-start gap-1 px-4 py-2.5">
            <div className="min-w-0 flex-1">
              <p className="text-sm font-medium [overflow-wrap:anywhere]">{title}</p>
              <p className="text-[13px] text-quiet [overflow-wrap:anywhere]">{factsOf(item)}</p>
              {fault !== undefined && (
                <p role="alert" className="text-[13px] text-bad [overflow-wrap:anywhere]">
                  {fault}
                </p>
              )}
            </div>
            {index > 0 && (
              <IconButton label={`Move ${title} up`} onClick={() => move(index, index - 1)}>
                <ArrowUp className="size-4" />
              </IconButton>
            )}
            {index < items.length - 1 && (
              <IconButton
                label={`Move ${title} down`}
                onClick={() => move(index, index + 1)}
                className="max-sm:hidden"
              >
                <ArrowDown className="size-4" />
              </IconButton>
            )}
            {onEdit && (
              <IconButton label={`Change ${title}`} onClick={() => onEdit(index)}>
                <Pencil className="size-4" />
              </IconButton>
            )}
            <IconButton
              label={`Remove ${title}`}
              onClick={() => onChange(items.filter((_item, at) => at !== index))}
            >
              <Trash2 className="size-4" />
            </IconButton>
          </li>
        )
      })}
    </ol>
  )
}
