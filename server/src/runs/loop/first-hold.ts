import type { Caller } from '../../accounts/caller.ts'
import type { Bill } from '../../credits/within.ts'
import type { Providers } from '../../providers/provider.ts'
import type { Run } from '../run.ts'
import type { Toolbox } from '../tool.ts'
import { nextRequest } from './conversation.ts'
import { type Speaker, speakerOf } from './listen.ts'
import { remoteBill, stepBill, worstCase } from './meter.ts'
import { holdSeconds } from './purse.ts'
import type { RunPrice } from './run-price.ts'
import { targetsOf } from './targets.ts'

type NewRun = Pick<Run, 'id' | 'ownerId' | 'isCharged' | 'mode' | 'config' | 'memory' | 'input'>

/**
 * What a new run has to hold before it exists, and for how long. The loop holds the same again when it was not told.
 * @throws Problem when the agent's model, or one of its tools, is not there for the caller.
 */
export type FirstHold = (caller: Caller, run: NewRun) => Promise<FirstStep>

export type FirstStep = {
  readonly bill: Bill
  readonly seconds: number
  /** The model that is asked first; null when it may be that none is. */
  readonly model: Speaker | null
}

export function createFirstHold(dependencies: {
  providers: Pick<Providers, 'find' | 'findFor' | 'withFallbacks'>
  toolbox: Toolbox
  runPrice: RunPrice
}): FirstHold {
  const { providers, toolbox, runPrice } = dependencies

  return async (caller, run) => {
    const fixed = run.config.price + (await runPrice())
    if (run.mode === 'remote') return { bill: remoteBill(run, 1, fixed), seconds: holdSeconds, model: null }
    const targets = targetsOf(providers, run.config)
    const request = nextRequest(run, [], await toolbox(run.config, caller))
    const { amount, isEnough } = worstCase(run, [], { targets, request, fixed })
    const [first] = targets
    const model = first && isEnough ? speakerOf(first) : null
    return { bill: stepBill(run, 1, amount), seconds: holdSeconds, model }
  }
}
