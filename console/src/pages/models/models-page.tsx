import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Upload } from 'lucide-react'
import { type ReactElement, useCallback, useMemo, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField } from '../../ui/field.tsx'
import { Empty, Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { familiesOf } from './families.ts'
import { filterFamilies } from './filter-families.ts'
import { ModelsTable } from './models-table.tsx'
import { NoModels } from './no-models.tsx'
import { PageDrop } from './page-drop.tsx'
import { UploadDialog } from './upload-dialog.tsx'
import { useAllModels, useServed } from './use-models.ts'
import { stateWords } from './version-state.ts'

const route = getRouteApi('/app/models')

/** Every model that the caller may see, a line for each name of each owner; a file dropped anywhere is uploaded. */
export function ModelsPage(): ReactElement {
  const search = route.useSearch()
  const navigate = useNavigate({ from: '/models' })
  const pages = useAllModels()
  const { served, states } = useServed()
  const [file, setFile] = useState<File>()
  const families = useMemo(() => familiesOf(pages.items, served), [pages.items, served])
  const shown = useMemo(() => filterFamilies(families, search, served), [families, search, served])
  const setUpload = useCallback(
    (isOpen: boolean) =>
      void navigate({
        search: ({ upload: _, ...before }) => (isOpen ? { ...before, upload: true } : before),
        replace: true,
      }),
    [navigate],
  )
  const take = useCallback(
    (dropped: File | undefined) => {
      setFile(dropped)
      setUpload(true)
    },
    [setUpload],
  )
  const isFiltered = search.q !== undefined || search.status !== undefined

  return (
    <Page
      title="Models"
      about="ONNX files that answer calls. Each name has versions; the newest that is ready and in memory serves."
      actions={
        <>
          <CopyAsCurl call={pages.call} />
          <Button look="primary" icon={<Upload className="size-4" />} onClick={() => take(undefined)}>
            Upload a model
          </Button>
        </>
      }
    >
      <PageDrop onFile={take} isOff={search.upload === true} />
      {pages.error !== null && <ProblemNotice error={pages.error} retry={pages.refetch} />}
      {states.error !== null && pages.error === null && (
        <ProblemNotice error={states.error} retry={() => void states.refetch()} />
      )}
      {pages.isPending && <Waiting what="the models" />}
      {!pages.isPending && pages.error === null && families.length === 0 && <NoModels onFile={take} />}
      {families.length > 0 && (
        <>
          <div className="mb-4 flex flex-wrap items-end gap-3">
            <SearchField
              label="Search models"
              placeholder="Name or description"
              value={search.q ?? ''}
              onChange={q =>
                void navigate({
                  search: before => ({ ...without(before, 'q'), ...(q !== '' && { q }) }),
                  replace: true,
                })
              }
            />
            <SelectField
              label="State"
              hideLabel
              value={search.status ?? ''}
              onChange={({ target: { value: status } }) =>
                void navigate({
                  search: before => ({ ...without(before, 'status'), ...(status !== '' && { status }) }),
                  replace: true,
                })
              }
            >
              <option value="">All states</option>
              {stateWords.map(word => (
                <option key={word}>{word}</option>
              ))}
            </SelectField>
          </div>
          {pages.hasMore && !pages.isLoadingMore && (
            <p className="mb-3 text-[13px] text-quiet">
              The newest {pages.items.length} versions are shown.{' '}
              <Button size="small" onClick={pages.loadMore}>
                Load more
              </Button>
            </p>
          )}
          {shown.length > 0 ? (
            <ModelsTable families={shown} served={served} />
          ) : (
            <Empty
              title="No model matches"
              actions={
                isFiltered && <Button onClick={() => void navigate({ search: {} })}>Clear the filters</Button>
              }
            >
              None of the {families.length} models has this in its name or description and is in this state.
            </Empty>
          )}
        </>
      )}
      {search.upload && (
        <UploadDialog
          {...(file !== undefined && { file })}
          models={pages.items}
          onClose={() => {
            setFile(undefined)
            setUpload(false)
          }}
        />
      )}
    </Page>
  )
}

function without<Search extends object, Name extends keyof Search>(
  search: Search,
  name: Name,
): Omit<Search, Name> {
  const { [name]: _, ...rest } = search
  return rest
}
