import { useEffect, useState } from 'react'

/** A cron expression as a sentence. The library that knows how comes with the first one. */
export function useCronWords(schedule: string | null): string | undefined {
  const [words, setWords] = useState<string>()
  useEffect(() => {
    if (schedule === null) return
    let isShown = true
    void import('cronstrue').then(({ toString: inWords }) => {
      if (isShown)
        setWords(
          inWords(schedule, { throwExceptionOnParseError: false, use24HourTimeFormat: true, verbose: true }),
        )
    })
    return () => {
      isShown = false
    }
  }, [schedule])
  return schedule === null ? 'Only when it is told to' : words
}
