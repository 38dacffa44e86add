import { isProblem } from '@roundhouse/sdk/contract'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { Tool, ToolContext } from '../tool.ts'

/** What the tool gave, or why it gave nothing, of any length. */
export type ToolAnswer = { readonly text: string; readonly isError: boolean }

/**
 * Calls a tool within its time. Never rejects: whatever it does, the model is told something. Null when the call was
 * aborted from outside.
 */
export async function callTool(
  { clock, log }: { clock: Clock; log: Log },
  tool: Tool,
  args: unknown,
  context: Omit<ToolContext, 'timeoutMs'>,
): Promise<ToolAnswer | null> {
  const over = new AbortController()
  const signal = AbortSignal.any([context.signal, over.signal])
  const stopTimer = clock.after(tool.timeoutMs, () => over.abort())
  const aborted = new Promise<never>((_, reject) => {
    const refuse = () => reject(signal.reason)
    if (signal.aborted) refuse()
    else signal.addEventListener('abort', refuse, { once: true })
  })
  // A tool that does not listen to its signal is left to itself.
  const called = Promise.resolve().then(() =>
    tool.call(args, { ...context, signal, timeoutMs: tool.timeoutMs }),
  )
  called.catch(() => {})
  aborted.catch(() => {})
  try {
    const text: unknown = await Promise.race([called, aborted])
    if (typeof text !== 'string') throw new Error(`The tool ${tool.name} gave no text.`)
    return { text, isError: false }
  } catch (error) {
    if (context.signal.aborted) return null
    if (over.signal.aborted)
      return { text: `The tool did not answer within ${tool.timeoutMs / 1000} s.`, isError: true }
    if (isProblem(error)) return { text: error.message, isError: true }
    log.error('tool-call-fail', { tool: tool.name, err: error })
    return { text: 'The tool failed.', isError: true }
  } finally {
    stopTimer()
  }
}
