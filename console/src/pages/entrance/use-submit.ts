import { type SubmitEvent, useState } from 'react'

/** A form whose fields are read when it is sent; says what is under way and why it failed. */
export function useSubmit(send: (fields: Record<string, string>) => Promise<unknown>): {
  isBusy: boolean
  error: unknown
  onSubmit: (event: SubmitEvent<HTMLFormElement>) => void
} {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  return {
    isBusy,
    error,
    onSubmit(event) {
      event.preventDefault()
      const fields: Record<string, string> = {}
      for (const [name, value] of new FormData(event.currentTarget))
        if (typeof value === 'string') fields[name] = value
      setBusy(true)
      setError(undefined)
      send(fields).then(
        () => setBusy(false),
        (failure: unknown) => {
          setError(failure)
          setBusy(false)
        },
      )
    },
  }
}
