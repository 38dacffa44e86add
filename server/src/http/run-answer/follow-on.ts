import type { Caller } from '../../accounts/caller.ts'
import type { NumberedEvent, Runs } from '../../runs/run.ts'

/**
 * The events of a run behind a number, for a reader that cannot come back: one that falls far behind goes on with what is
 * stored. Ends with the last event, by the signal, and when this process tells nothing more.
 */
export async function* followOn(
  runs: Pick<Runs, 'follow'>,
  caller: Caller,
  run: { readonly id: string; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<readonly NumberedEvent[], void> {
  let last = run.after
  for (let before = -1; before < last && !signal.aborted; ) {
    before = last
    for await (const group of runs.follow(caller, run.id, last, signal)) {
      last = group.at(-1)?.seq ?? last
      yield group
    }
  }
}
