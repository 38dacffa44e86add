import { Link } from '@tanstack/react-router'
import { type ReactElement, useEffect, useRef, useState } from 'react'
import { useApi } from '../../app/use-api.ts'
import { ProblemNotice } from '../../ui/problem.tsx'
import { useObjectUrl } from '../../ui/use-object-url.ts'

/** Of A4, before a picture is there. */
const paper = 'aspect-[210/297]'

/** The pages as pictures, each asked for when it comes into sight. */
export function ReportPages({
  id,
  pages,
  version,
}: {
  id: string
  pages: number
  version: string
}): ReactElement {
  return (
    <ol className="grid grid-cols-[repeat(auto-fill,minmax(min(20rem,100%),1fr))] gap-4">
      {Array.from({ length: pages }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the number is what a page is known by
        <OnePage key={index} id={id} page={index + 1} version={version} />
      ))}
    </ol>
  )
}

function OnePage({ id, page, version }: { id: string; page: number; version: string }): ReactElement {
  const [place, isSeen] = useSeen()
  const picture = useApi(
    ['reports', id, 'page', page, version],
    async (client, options) =>
      new Blob([new Uint8Array(await client.reports.preview(id, page, options))], { type: 'image/png' }),
    { enabled: isSeen },
  )
  const url = useObjectUrl(picture.data)
  return (
    <li ref={place}>
      {picture.error ? (
        <ProblemNotice error={picture.error} retry={() => void picture.refetch()} />
      ) : url === undefined ? (
        <div
          role="status"
          className={`grid place-items-center rounded-lg border border-line bg-raised text-sm text-quiet ${paper}`}
        >
          Drawing page {page}…
        </div>
      ) : (
        <a href={url} target="_blank" rel="noreferrer">
          <img src={url} alt={`Page ${page}`} className="w-full rounded-lg border border-line shadow-sm" />
        </a>
      )}
      <p className="mt-1 text-center text-[13px] text-quiet tabular">{page}</p>
    </li>
  )
}

/** True from when the element is first near the window. */
function useSeen(): [place: React.RefObject<HTMLLIElement | null>, isSeen: boolean] {
  const place = useRef<HTMLLIElement>(null)
  const [isSeen, setSeen] = useState(false)
  useEffect(() => {
    if (isSeen || !place.current) return
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) setSeen(true)
      },
      { rootMargin: '300px' },
    )
    observer.observe(place.current)
    return () => observer.disconnect()
  }, [isSeen])
  return [place, isSeen]
}

/** Where the file of a report lies in its bucket. */
export function PageFolder({ name }: { name: string }): ReactElement {
  const parts = name.split('/')
  return (
    <Link
      to="/files/$bucket"
      params={{ bucket: 'reports' }}
      search={{ folder: parts.slice(0, -1).join('/'), open: parts.at(-1) }}
      title={name}
      className="underline underline-offset-2"
    >
      in the bucket reports
    </Link>
  )
}
