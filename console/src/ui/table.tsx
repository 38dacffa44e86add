import { useWindowVirtualizer } from '@tanstack/react-virtual'
import {
  memo,
  type ReactElement,
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { classes } from './class-names.ts'
import { count, counted } from './format.ts'

export type Column<Row> = {
  title: string
  /** A track of a CSS grid: `minmax(10rem,2fr)`, `7rem`. */
  width: string
  cell: (row: Row) => ReactNode
  /** Numbers stand at the right, under each other. */
  numeric?: boolean
}

export type TableProps<Row> = {
  /** What the rows are: `Models`. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string
  hasMore?: boolean
  isLoadingMore?: boolean
  /** Asked when the end comes near. */
  onMore?: () => void
  /** Many columns: rows are cards until the window has 1280 px. */
  wide?: boolean
}

const looks = {
  normal: {
    head: 'hidden sm:block',
    row: 'sm:grid sm:items-center',
    cell: 'sm:block sm:truncate',
    numeric: 'sm:pr-3 sm:text-right',
    title: 'sm:hidden',
  },
  wide: {
    head: 'hidden xl:block',
    row: 'xl:grid xl:items-center',
    cell: 'xl:block xl:truncate',
    numeric: 'xl:pr-3 xl:text-right',
    title: 'xl:hidden',
  },
}

const rowHeight = 45

/**
 * Rows of which only those in sight are in the page, so that ten thousand scroll as ten do; below 640 px each is a card.
 * The first link of a row is what `j`, `k` and Enter move to and open.
 */
export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
  hasMore,
  isLoadingMore,
  onMore,
  wide = false,
}: TableProps<Row>): ReactElement {
  const look = wide ? looks.wide : looks.normal
  const list = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  // What stands above comes and goes: notices, charts, uploads.
  useLayoutEffect(() => {
    const measure = () => setTop(list.current ? list.current.getBoundingClientRect().top + scrollY : 0)
    measure()
    const watch = new ResizeObserver(measure)
    watch.observe(document.body)
    return () => watch.disconnect()
  }, [])
  // A new function has all rows measured anew, ten thousand at each step of scrolling. Keys do not change while rows do not.
  // biome-ignore lint/correctness/useExhaustiveDependencies: of rows alone
  const getItemKey = useCallback((index: number) => keyOf(rows[index] as Row), [rows])
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 8,
    // Rows are made in a task of their own, not in the frame in which the page scrolls.
    useFlushSync: false,
    scrollMargin: top,
    getItemKey,
  })
  const shown = virtual.getVirtualItems()
  const last = shown.at(-1)?.index ?? -1
  useEffect(() => {
    if (hasMore && last >= rows.length - 20) onMore?.()
  }, [hasMore, last, rows.length, onMore])
  const grid = gridOf(columns)

  return (
    <div className="overflow-x-clip rounded-xl border border-line bg-raised" data-list>
      <div role="table" aria-label={label} aria-rowcount={hasMore ? -1 : rows.length + 1}>
        <div role="rowgroup" className={look.head}>
          <div
            role="row"
            aria-rowindex={1}
            tabIndex={-1}
            style={grid}
            className="grid gap-x-4 border-b border-line px-4 py-2"
          >
            {columns.map(column => (
              <div
                key={column.title}
                role="columnheader"
                tabIndex={-1}
                className={classes(
                  'truncate text-[13px] font-medium text-quiet',
                  column.numeric && 'pr-3 text-right',
                )}
              >
                {column.title}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" ref={list} className="relative" style={{ height: virtual.getTotalSize() }}>
          {shown.map(item => {
            const row = rows[item.index] as Row
            return (
              <TableRow
                key={item.key}
                row={row}
                index={item.index}
                offset={item.start - top}
                columns={columns}
                look={look}
                measure={virtual.measureElement}
              />
            )
          })}
        </div>
      </div>
      <p role="status" className="px-4 py-2 text-[13px] text-quiet">
        {isLoadingMore
          ? 'Loading more…'
          : hasMore
            ? `${count(rows.length)} ${label.toLowerCase()} shown, more below`
            : counted(rows.length, oneOf(label.toLowerCase()), label.toLowerCase())}
      </p>
    </div>
  )
}

/** `jobs` -> `job`, `entries` -> `entry`. */
function oneOf(many: string): string {
  return many.replace(/ies$/, 'y').replace(/s$/, '')
}

type RowProps<Row> = {
  row: Row
  index: number
  /** From the top of the rows, in px. */
  offset: number
  columns: readonly Column<Row>[]
  look: (typeof looks)[keyof typeof looks]
  measure: (element: HTMLElement | null) => void
}

function PlainRow<Row>({ row, index, offset, columns, look, measure }: RowProps<Row>): ReactElement {
  return (
    <div
      role="row"
      tabIndex={-1}
      data-index={index}
      aria-rowindex={index + 2}
      ref={measure}
      style={{ ...gridOf(columns), transform: `translateY(${offset}px)` }}
      className={classes(
        'absolute inset-x-0 top-0 flex flex-col gap-x-4 gap-y-1 border-b border-line/60 px-4 py-2.5 text-sm hover:bg-sunken/60 has-[a:focus-visible]:bg-wash',
        look.row,
      )}
    >
      {columns.map(column => (
        <div
          key={column.title}
          role="cell"
          className={classes(
            'flex min-w-0 gap-3',
            look.cell,
            column.numeric && 'tabular',
            column.numeric && look.numeric,
          )}
        >
          <span aria-hidden="true" className={classes('w-28 shrink-0 text-[13px] text-quiet', look.title)}>
            {column.title}
          </span>
          <div className="min-w-0 truncate">{column.cell(row)}</div>
        </div>
      ))}
    </div>
  )
}

/** Scrolling renders the rows that come, not those that stay. `memo` keeps the props and forgets their parameter. */
const TableRow = memo(PlainRow) as typeof PlainRow

function gridOf(columns: readonly { width: string }[]): { gridTemplateColumns: string } {
  return { gridTemplateColumns: columns.map(column => column.width).join(' ') }
}

/** The look of the link by which a row is opened. */
export const rowLink = 'font-medium text-ink hover:underline underline-offset-2'
