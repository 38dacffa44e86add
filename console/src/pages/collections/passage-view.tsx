import type { SearchResult } from '@roundhouse/sdk'
import type { ReactElement } from 'react'

type Passage = SearchResult['data'][number]

/** A passage that was found: where it stands, its text, and how well it fits beside the best. */
export function PassageView({ passage, best }: { passage: Passage; best: number }): ReactElement {
  const share = best > 0 ? Math.max(0.02, passage.score / best) : 0
  return (
    <li className="rounded-xl border border-line bg-raised px-4 py-3">
      <div className="mb-1.5 flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px]">
        <span className="min-w-0 font-medium [overflow-wrap:anywhere]">{passage.document}</span>
        <span className="text-quiet">{placeOf(passage)}</span>
        <span className="ml-auto flex items-center gap-2 text-quiet tabular">
          <span aria-hidden="true" className="h-1.5 w-16 overflow-hidden rounded-full bg-line">
            <span className="block h-full rounded-full bg-accent" style={{ width: `${share * 100}%` }} />
          </span>
          score {Number(passage.score.toPrecision(3))}
        </span>
      </div>
      <p
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className="max-h-72 overflow-y-auto text-sm whitespace-pre-wrap [overflow-wrap:anywhere]"
      >
        {passage.text}
      </p>
    </li>
  )
}

function placeOf({ headings, page, first_line: first, last_line: last }: Passage): string {
  const place = [...headings]
  if (page !== null) place.push(`page ${page}`)
  else if (first !== null)
    place.push(last === null || last === first ? `line ${first}` : `lines ${first} to ${last}`)
  return place.join(' › ')
}
