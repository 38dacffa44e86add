import { Link, useNavigate } from '@tanstack/react-router'
import { CircleX, Pencil } from 'lucide-react'
import type { ReactElement } from 'react'
import { classes } from '../../../ui/class-names.ts'
import { SelectField } from '../../../ui/field.tsx'
import { compareConfigs } from './compare.ts'
import type { DraftField } from './draft.ts'
import { useEditor } from './editor.ts'
import { type Part, parts } from './parts.ts'

/** The parts of the draft with what they hold; marked where something is not saved, or wrong. */
export function PartList({
  current,
  unsaved,
}: {
  current: Part
  unsaved: readonly DraftField[]
}): ReactElement {
  const { agent, draft, live, fault } = useEditor()
  const navigate = useNavigate()
  const differing = live ? compareConfigs(live.config, draft).length : undefined
  const summaryOf = (part: Part) => {
    if (part.name !== 'changes') return part.summary(draft)
    return differing === undefined ? 'nothing live' : differing === 0 ? 'alike' : `${differing} different`
  }
  const isUnsaved = (part: Part) => part.fields.some(field => unsaved.includes(field))
  const isWrong = (part: Part) => part.fields.some(field => field === fault?.path[0])
  return (
    <>
      <nav aria-label="Parts of the draft" className="hidden lg:sticky lg:top-20 lg:block lg:self-start">
        <ul className="grid gap-0.5">
          {parts.map(part => (
            <li key={part.name}>
              <Link
                to="/agents/$id/build"
                params={{ id: agent.id }}
                search={{ part: part.name }}
                replace
                aria-current={part === current ? 'true' : undefined}
                className={classes(
                  'block rounded-md px-3 py-1.5 hover:bg-sunken',
                  part === current && 'bg-wash',
                )}
              >
                <span className="flex items-center gap-1.5 text-sm font-medium">
                  {part.title}
                  {isUnsaved(part) && <Pencil aria-label="not saved" className="size-3.5 text-accent" />}
                  {isWrong(part) && <CircleX aria-label="something is wrong" className="size-3.5 text-bad" />}
                </span>
                {summaryOf(part) !== '' && (
                  <span className="block truncate text-[13px] text-quiet">{summaryOf(part)}</span>
                )}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="mb-5 lg:hidden">
        <SelectField
          label="Part of the draft"
          value={current.name}
          onChange={event =>
            void navigate({
              to: '/agents/$id/build',
              params: { id: agent.id },
              search: { part: event.target.value },
              replace: true,
            })
          }
        >
          {parts.map(part => (
            <option key={part.name} value={part.name}>
              {[
                part.title,
                isWrong(part) ? 'something is wrong' : isUnsaved(part) ? 'not saved' : summaryOf(part),
              ]
                .filter(Boolean)
                .join(' · ')}
            </option>
          ))}
        </SelectField>
      </div>
    </>
  )
}
