import { hash } from 'node:crypto'
import type { DBAdapter, DBTransactionAdapter, Where } from 'better-auth/adapters'

/** What of a session token is stored: who reads the database cannot sign in with it. */
export function sessionTokenHash(token: string): string {
  return hash('sha256', token, 'base64url')
}

/** Lets better-auth work with the tokens of sessions while the database holds their hashes. */
export function withHashedSessionTokens(adapter: DBAdapter): DBAdapter {
  return {
    ...hashing(adapter),
    transaction: work => adapter.transaction(transaction => work(hashing(transaction))),
  }
}

function hashing(adapter: DBTransactionAdapter): DBTransactionAdapter {
  return {
    ...adapter,
    async create(given) {
      const token = given.model === 'session' ? tokenOf(given.data) : undefined
      if (token === undefined) return adapter.create(given)
      return restored(
        await adapter.create({ ...given, data: { ...given.data, token: sessionTokenHash(token) } }),
        token,
      )
    },
    findOne: async given => restored(await adapter.findOne(hashed(given)), tokenIn(given)),
    update: async given => restored(await adapter.update(hashed(given)), tokenIn(given)),
    consumeOne: async given => restored(await adapter.consumeOne(hashed(given)), tokenIn(given)),
    findMany: given => adapter.findMany(hashed(given)),
    count: given => adapter.count(hashed(given)),
    updateMany: given => adapter.updateMany(hashed(given)),
    delete: given => adapter.delete(hashed(given)),
    deleteMany: given => adapter.deleteMany(hashed(given)),
  }
}

type Query = { model: string; where?: Where[] | undefined }

function hashed<Given extends Query>(given: Given): Given {
  if (given.model !== 'session' || !given.where) return given
  const where = given.where.map(condition => {
    if (condition.field !== 'token') return condition
    const { value } = condition
    if (Array.isArray(value))
      return { ...condition, value: value.map(token => sessionTokenHash(String(token))) }
    return { ...condition, value: sessionTokenHash(String(value)) }
  })
  return { ...given, where }
}

/** The token that the caller asked for by value. */
function tokenIn({ model, where }: Query): string | undefined {
  const value = model === 'session' ? where?.find(({ field }) => field === 'token')?.value : undefined
  return typeof value === 'string' ? value : undefined
}

function tokenOf(data: object): string | undefined {
  return 'token' in data && typeof data.token === 'string' ? data.token : undefined
}

function restored<Row>(row: Row, token: string | undefined): Row {
  if (token !== undefined && typeof row === 'object' && row !== null) Object.assign(row, { token })
  return row
}
