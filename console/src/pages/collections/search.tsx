import type { Collection, SearchResult } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { useApi } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { counted } from '../../ui/format.ts'
import { Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { PassageView } from './passage-view.tsx'

const route = getRouteApi('/app/collections/$id')
const modes = { fused: 'Both', vector: 'By meaning', words: 'By words' } as const

/** What an agent would find here, with how well it fits. */
export function SearchCollection({ collection }: { collection: Collection }): ReactElement {
  const { q = '', mode = 'fused' } = route.useSearch()
  const navigate = route.useNavigate()
  const [query, setQuery] = useState(q)
  const found = useApi(
    ['collections', collection.id, 'search', q, mode],
    (client, options): Promise<SearchResult> =>
      client.knowledge.search(collection.id, { query: q, mode }, options),
    { enabled: q !== '', keepPrevious: true },
  )
  const best = Math.max(0, ...(found.data?.data.map(passage => passage.score) ?? []))
  return (
    <Section
      title="Search"
      about={
        collection.embedding_model === null
          ? 'What an agent finds here. By words only: this collection has no embedding model.'
          : 'What an agent finds here. A question is embedded at the expense of the owner of the collection.'
      }
      actions={q !== '' && <CopyAsCurl call={found.call} />}
    >
      <form
        className="mb-4 grid gap-2 sm:grid-cols-[minmax(0,1fr)_9rem_auto]"
        onSubmit={event => {
          event.preventDefault()
          const asked = query.trim()
          void navigate({
            search: ({ q: _before, ...rest }) => (asked === '' ? rest : { ...rest, q: asked }),
          })
        }}
      >
        <TextField
          label="Question"
          hideLabel
          type="search"
          data-search
          placeholder="How long is the notice period?"
          value={query}
          onChange={event => setQuery(event.target.value)}
        />
        <SelectField
          label="How it is searched"
          hideLabel
          value={mode}
          onChange={event => {
            const { value } = event.target
            if (value === 'fused' || value === 'vector' || value === 'words')
              void navigate({ search: before => ({ ...before, mode: value }), replace: true })
          }}
        >
          {Object.entries(modes).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </SelectField>
        <Button look="primary" type="submit" busy={found.isFetching && 'Searching…'}>
          Search
        </Button>
      </form>
      {q !== '' && (
        <div className="grid gap-3">
          {found.error && <ProblemNotice error={found.error} retry={() => void found.refetch()} />}
          {found.isPending && <Waiting what="the passages" />}
          {found.data?.warning != null && <Notice tone="warn">{found.data.warning}</Notice>}
          {found.data && (
            <p role="status" className="text-[13px] text-quiet">
              {found.data.data.length === 0
                ? 'Nothing was found. Try other words, or another way to search.'
                : `${counted(found.data.data.length, 'passage')}, the best first. Scores compare within this answer.`}
            </p>
          )}
          <ol aria-label="Passages" className="grid gap-3">
            {found.data?.data.map((passage, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a passage has no id, and its place is what it is
              <PassageView key={index} passage={passage} best={best} />
            ))}
          </ol>
        </div>
      )}
    </Section>
  )
}
