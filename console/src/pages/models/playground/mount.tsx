import { type ReactElement, useLayoutEffect, useRef } from 'react'

/** An element that was made without React, in a place of the page. */
export function Mount({ node, className }: { node: HTMLElement; className?: string }): ReactElement {
  const place = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    place.current?.replaceChildren(node)
  }, [node])
  return <div ref={place} className={className} />
}
