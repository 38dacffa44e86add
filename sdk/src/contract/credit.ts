import { z } from 'zod'
import { isStorable } from './storable.ts'

const credits = z.int()

/** A line of the ledger. Negative was spent or taken back; `reference` names the work, e.g. `job:<id>`. */
export const creditEntry = z.object({
  id: z.int(),
  amount: credits,
  reason: z.string(),
  reference: z.string().nullable(),
  request_id: z.string().nullable(),
  created_at: z.iso.datetime(),
})

/** Reply of `GET /api/v1/credits`. `held` is set aside for work under way, and part of `balance`. Newest entries first. */
export const creditAccount = z.object({
  balance: credits,
  held: credits,
  ledger: z.array(creditEntry),
})

/** Query of `GET /api/v1/credits/entries`. */
export const listCreditEntries = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

/** `next_cursor` is null on the last page. */
export const creditEntryList = z.object({ data: z.array(creditEntry), next_cursor: z.string().nullable() })

/** Body of `POST /api/v1/admin/users/{id}/credits`; a negative amount takes back. */
export const grantCredits = z.strictObject({
  amount: z
    .int()
    .min(-1_000_000_000)
    .max(1_000_000_000)
    .refine(amount => amount !== 0, { error: 'Nothing to grant: the amount is 0.' }),
  reason: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .refine(isStorable, { error: 'A reason cannot contain U+0000 or half of a surrogate pair.' }),
})

export const creditBalance = z.object({ balance: credits, held: credits })

export const priceName = z.enum(['report', 'heavy-second', 'run'])

/**
 * Credits of one report, of a second that a worker works on a batch, and of one run beside what its agent and its tokens
 * cost; models have a price of their own.
 */
export const prices = z.object({
  report: credits,
  'heavy-second': credits,
  run: credits,
})

const price = z.int().min(0).max(1_000_000_000).optional()

/** Body of `PATCH /api/v1/admin/prices`. */
export const updatePrices = z
  .strictObject({ report: price, 'heavy-second': price, run: price })
  .refine(change => Object.values(change).some(value => value !== undefined), {
    error: 'Nothing to change: send at least one price.',
  })

export type CreditEntry = z.infer<typeof creditEntry>
export type CreditAccount = z.infer<typeof creditAccount>
export type ListCreditEntries = z.infer<typeof listCreditEntries>
export type CreditEntryList = z.infer<typeof creditEntryList>
export type GrantCredits = z.input<typeof grantCredits>
export type CreditBalance = z.infer<typeof creditBalance>
export type Prices = z.infer<typeof prices>
export type UpdatePrices = z.input<typeof updatePrices>
