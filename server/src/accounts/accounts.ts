import { hash, timingSafeEqual } from 'node:crypto'
import { type CredentialKind, isProblem, type Me, type Plan, type Scope } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'
import { createFreshCache } from '../kit/fresh-cache.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import { allScopes, type Caller, serviceCaller } from './caller.ts'
import { createDigests } from './digests.ts'
import { keyPrefix } from './keys.ts'
import { networkOf } from './network.ts'
import { type AccountTables, createAccountStore, type Rights } from './store.ts'
import { createTokens } from './tokens/tokens.ts'
import type { TokenVerifier } from './tokens/verify.ts'

/** Bus topic; the message is the id of a user, key or session whose rights changed. */
export const identitiesChanged = 'identities-changed'

/** How old a cached identity may be: how long a revoked key can still work where the bus is not heard. */
const staleMs = 5000
const mostIdentities = 10_000
const touchMs = 30_000

export type Accounts = {
  /**
   * Who sent this credential; synchronous for those seen in the last seconds. Undefined when it is not valid.
   * @throws Problem `database-unavailable`, `token-keys-unavailable`.
   */
  identify(credential: string): Caller | undefined | Promise<Caller | undefined>
  /** The same without asking anyone. */
  identifyFromMemory(credential: string): Caller | undefined
  /** It was valid when it was last looked up here; says nothing of now. */
  wasGood(credential: string): boolean
  identifyBackend(secret: string): Caller | undefined
  /** Whom work in the background acts for, with the rights they have now; null is the house. Undefined when they are gone or banned. */
  owner(userId: string | null): Promise<Caller | undefined>
  /** A caller without credential, limited by address. */
  anonymous(address: string): Caller
  me(caller: Caller): Promise<Me>
  /** @throws Error, one sentence, when new users would get a plan that there is not. */
  assertDefaultPlan(): Promise<void>
  /** Ends what every replica remembers of a user, key or session. */
  changed(id: string): Promise<void>
  close(): Promise<void>
}

type Identity = { caller: Caller; expiresAt: number | null }

const anonymousPlan: Plan = {
  name: 'anonymous',
  requests_per_minute: 60,
  requests_per_hour: 1000,
  concurrent_runs: 1,
  starting_credits: 0,
  monthly_credits: 0,
  max_models: 0,
  max_model_bytes: 0,
  max_file_bytes: 0,
}
const anonymousScopes: ReadonlySet<Scope> = new Set(['predict', 'read'])
/** Of a user whom their issuer does not know either. */
const anonymousUserScopes: readonly Scope[] = ['predict', 'agents', 'read']

export function createAccounts(dependencies: {
  database: Database<AccountTables>
  bus: Bus
  clock: Clock
  log: Log
  /** Each has all rights. */
  serviceKeys: readonly string[]
  backendSecret: string | undefined
  verifier: TokenVerifier
  defaultPlan: string
  sessionOf: (token: string) => Promise<{ sessionId: string; userId: string; expiresAt: number } | undefined>
}): Accounts {
  const { database, bus, clock, log, verifier, sessionOf, defaultPlan } = dependencies
  const store = createAccountStore(database.system)
  const services = dependencies.serviceKeys.map(key => ({
    length: key.length,
    secret: Buffer.from(key),
    caller: serviceCaller('service-role-key'),
  }))
  const backend = {
    secret: Buffer.from(dependencies.backendSecret ?? ''),
    caller: {
      ...serviceCaller('backend-secret'),
      kind: 'backend-secret',
      scopes: new Set<Scope>(['agents']),
    } as const,
  }
  const tokens = createTokens({ verifier, store, clock, log, defaultPlan })
  /** Key id -> when it was last used, until written down. */
  let used = new Map<string, number>()

  const digests = createDigests()
  const identities = createFreshCache<string, Identity>({
    load,
    clock,
    staleMs,
    max: mostIdentities,
  })

  const owners = createFreshCache<string, Identity>({
    load: async userId => {
      const rights = await store.rights(userId)
      return rights && { caller: userCaller(rights, 'none', 'job', [...allScopes], null), expiresAt: null }
    },
    clock,
    staleMs,
    max: mostIdentities,
  })
  const house = serviceCaller('job')

  function load(credential: string): Promise<Identity | undefined> {
    if (credential.startsWith(keyPrefix)) return loadKey(credential)
    return verifier.looksLikeToken(credential) ? loadToken(credential) : loadSession(credential)
  }

  async function loadKey(key: string): Promise<Identity | undefined> {
    const row = await store.keyByHash(hash('sha256', key, 'buffer'))
    if (!row) return undefined
    const { id, scopes, expiresAt } = row
    if (row.userId === null) {
      return {
        caller: { ...serviceCaller(id), kind: 'api-key', scopes: withImplied(scopes), expiresAt },
        expiresAt,
      }
    }
    const rights = await store.rights(row.userId)
    return rights && { caller: userCaller(rights, 'api-key', id, scopes, expiresAt), expiresAt }
  }

  async function loadToken(token: string): Promise<Identity | undefined> {
    const known = await tokens.userOf(token).catch(refused)
    if (!known) return undefined
    const rights = await store.rights(known.userId)
    const scopes = known.scopes ?? (rights?.isAnonymous ? anonymousUserScopes : [...allScopes])
    return (
      rights && {
        caller: userCaller(rights, 'token', known.sessionId ?? known.userId, scopes, known.expiresAt),
        expiresAt: known.expiresAt,
      }
    )
  }

  async function loadSession(token: string): Promise<Identity | undefined> {
    const session = await sessionOf(token)
    const rights = session && (await store.rights(session.userId))
    return (
      rights && {
        caller: userCaller(rights, 'session', session.sessionId, [...allScopes], null),
        expiresAt: session.expiresAt,
      }
    )
  }

  function callerOf(identity: Identity | undefined): Caller | undefined {
    if (!identity || (identity.expiresAt !== null && identity.expiresAt <= clock.now())) return undefined
    const { caller } = identity
    if (caller.kind === 'api-key') used.set(caller.credential, clock.now())
    return caller
  }

  function service(credential: string): Caller | undefined {
    for (const { length, secret, caller } of services)
      if (length === credential.length && equal(Buffer.from(credential), secret)) return caller
    return undefined
  }

  async function touch(): Promise<void> {
    const noted = used
    used = new Map()
    await store.touchKeys(noted).catch(error => log.warn('key-touch-fail', { err: error }))
  }

  function forget(id: string): void {
    identities.forget(({ caller }) => caller.userId === id || caller.credential === id)
    owners.forget(({ caller }) => caller.userId === id)
  }

  const stopListening = bus.subscribe(identitiesChanged, forget)
  const stopGaps = bus.onGap(() => {
    identities.clear()
    owners.clear()
  })
  const timer = setInterval(() => {
    digests.forget()
    void touch()
  }, touchMs).unref()

  return {
    identify(credential) {
      const known = service(credential)
      if (known) return known
      const found = identities.get(digests.of(credential), credential)
      return found instanceof Promise ? found.then(callerOf) : callerOf(found)
    },
    identifyFromMemory: credential =>
      service(credential) ?? callerOf(identities.peek(digests.of(credential))),
    wasGood: credential => service(credential) !== undefined || identities.has(digests.of(credential)),
    identifyBackend(secret) {
      return backend.secret.length > 0 && equal(Buffer.from(secret), backend.secret)
        ? backend.caller
        : undefined
    },
    owner: async userId => (userId === null ? house : (await owners.get(userId, userId))?.caller),
    anonymous: address => ({
      role: 'anonymous',
      userId: null,
      credential: 'none',
      kind: 'none',
      scopes: anonymousScopes,
      plan: anonymousPlan,
      expiresAt: null,
      limitKey: `address:${networkOf(address)}`,
    }),
    async me(caller) {
      const profile =
        caller.userId === null
          ? undefined
          : await database.as(caller, db => createAccountStore(db).profile(caller.userId ?? ''))
      return {
        id: caller.userId,
        name: profile?.name ?? null,
        email: profile?.email ?? null,
        image: profile?.image ?? null,
        roles: profile?.roles ?? ['service'],
        plan: caller.plan,
        credits: profile?.credits ?? null,
        scopes: [...caller.scopes],
        credential: caller.kind,
        is_anonymous: profile?.is_anonymous ?? false,
        issuer: profile?.issuer ?? null,
        created_at: profile?.created_at.toISOString() ?? null,
      }
    },
    async assertDefaultPlan() {
      const names = await store.planNames()
      if (!names.includes(defaultPlan))
        throw new Error(`There is no plan ${defaultPlan}. DEFAULT_PLAN is one of ${names.join(', ')}.`)
    },
    async changed(id) {
      forget(id)
      // What is written is true at once; a replica that does not hear of it knows within `staleMs`.
      await bus.publish(identitiesChanged, id).catch(error => log.warn('bus-publish-fail', { err: error }))
    },
    async close() {
      clearInterval(timer)
      stopListening()
      stopGaps()
      await touch()
    },
  }
}

/** An administrator acts as one only with a credential that may. Limits are the user's: more keys give no more. */
function userCaller(
  rights: Rights,
  kind: CredentialKind,
  credential: string,
  scopes: readonly Scope[],
  expiresAt: number | null,
): Caller {
  const { userId, isAdmin, plan } = rights
  return {
    role: isAdmin && scopes.includes('admin') ? 'admin' : 'member',
    userId,
    credential,
    kind,
    scopes: withImplied(scopes),
    plan,
    expiresAt,
    limitKey: `user:${userId}`,
  }
}

/** A token that is not valid is no caller; that its issuer's keys cannot be had is told. */
function refused(error: unknown): undefined {
  if (!isProblem(error) || error.code !== 'unauthenticated') throw error
}

function withImplied(scopes: readonly Scope[]): ReadonlySet<Scope> {
  return scopes.includes('admin') ? allScopes : new Set(scopes)
}

/** Takes the same time whatever was sent; tells its length apart, which is no secret. */
function equal(given: Buffer, secret: Buffer): boolean {
  return given.length === secret.length && timingSafeEqual(given, secret)
}
