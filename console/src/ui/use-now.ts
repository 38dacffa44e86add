import { useEffect, useState } from 'react'

/** Milliseconds since 1970, told anew every so often while it is asked to. */
export function useNow(everyMs: number, isTicking = true): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!isTicking) return
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs, isTicking])
  return now
}
