import { useEffect, useRef, useState } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { type Answer, predictOnce, type Question } from './predict-once.ts'

type Asked = Pick<Question, 'input' | 'skipCache'> & { times: number }

export type Runs = {
  /** Of the last press, the newest last. */
  answers: readonly Answer[]
  /** How many were asked for; 0 when nothing runs. */
  running: number
  error: Error | null
  run(asked: Asked): void
  /** Nothing is wrong any more, as far as was asked. */
  forget(): void
  stop(): void
}

/** Predictions one after the other, as those who measure do. */
export function useRuns(modelId: string): Runs {
  const [answers, setAnswers] = useState<readonly Answer[]>([])
  const stopper = useRef<AbortController>(null)
  useEffect(() => () => stopper.current?.abort(), [])
  const change = useApiChange(
    async (_client, { times, signal, ...asked }: Asked & { signal: AbortSignal }) => {
      const done: Answer[] = []
      while (done.length < times && !signal.aborted) {
        try {
          done.push(await predictOnce({ modelId, signal, ...asked }))
        } catch (error) {
          if (signal.aborted) return
          throw error
        }
        setAnswers([...done])
      }
    },
    ['predictions', 'credits'],
  )
  return {
    answers,
    running: change.isPending ? change.variables.times : 0,
    error: change.error,
    run(asked) {
      const controller = new AbortController()
      stopper.current?.abort()
      stopper.current = controller
      change.mutate({ ...asked, signal: controller.signal })
    },
    forget: change.reset,
    stop: () => stopper.current?.abort(),
  }
}
