import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Accounts } from '../accounts/accounts.ts'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import { networkOf } from '../accounts/network.ts'
import type { AgentLookup } from '../agents/agent.ts'
import type { Ids } from '../kit/ids.ts'
import type { Counters } from '../ports/counters.ts'
import type { Database } from '../ports/database.ts'
import type { NumberedEvent, Runs, RunView } from '../runs/run.ts'
import type { KnownEmbed, Visitor } from './embed.ts'
import { refuseOverLimits } from './limits.ts'
import type { EmbedMemory } from './memory.ts'
import { isAllowed } from './origins.ts'
import { createAskedStore, type EmbedTables } from './store.ts'
import { toldVisitor, unavailable } from './told-visitor.ts'
import { visibleEvents } from './visible-events.ts'
import { threadOf, type VisitorTokens } from './visitors.ts'

/** Who asks: the embed they came by and from where. */
export type Entered = KnownEmbed & { readonly origin: string; readonly address: string }

/** What visitors of other sites may do, and nothing else. Runs are those of the user whose rights they have; a visitor sees their own. */
export type EmbedDoor = {
  /**
   * @param origin Of the page, as its browser says; absent in what a page reads of its own origin.
   * @param isOwnPage The browser says that the page is of this server.
   * @throws Problem `resource-not-found` for a key that is not there or switched off, `forbidden` for another origin,
   *   `rate-limited`.
   */
  enter(
    key: string,
    from: { origin: string | undefined; isOwnPage: boolean; address: string },
  ): Promise<Entered>
  /** A token of the same visitor when `before` is still good, else of a new one. @throws Problem `rate-limited`. */
  visitor(entered: Entered, before: string | undefined): { token: string; expiresAt: Date }
  /** @throws Problem `unauthenticated`. */
  known(entered: Entered, token: string | undefined): Visitor
  /** @throws Problem `rate-limited`, `agent-not-found`, `insufficient-credits`, and what the runs throw. */
  ask(entered: Entered, visitor: Visitor, question: { text: string; conversation: string }): Promise<RunView>
  /** Each call below throws Problem `run-not-found` for a run that this visitor did not begin. */
  run(visitor: Visitor, runId: string): Promise<RunView>
  /** As `Runs.follow`, without what is no business of a visitor; ends too when the embed is changed. */
  follow(
    entered: Entered,
    visitor: Visitor,
    runId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly NumberedEvent[]>
  cancel(visitor: Visitor, runId: string): Promise<RunView>
  /** @throws Problem `forbidden` where visitors do not answer for themselves. */
  answer(
    entered: Entered,
    visitor: Visitor,
    runId: string,
    approvalId: string,
    approved: boolean,
  ): Promise<RunView>
}

const keyForm = /^rhe_[A-Za-z0-9_-]{32}$/
/** Requests of one address a minute; an office may stand behind one. */
const mostRequests = 600
const mostUnknown = 60
/** New visitors of one address an hour: the limits of one visitor would be none if they were free. */
const mostVisitors = 60
/** How many visitors' days those behind one address may use together. */
const visitorsPerAddress = 4

export function createEmbedDoor(dependencies: {
  database: Database<EmbedTables>
  memory: EmbedMemory
  tokens: VisitorTokens
  accounts: Pick<Accounts, 'owner'>
  agents: Pick<AgentLookup, 'runnable'>
  runs: Runs
  counters: Counters
  ids: Ids
  /** Of this server's own pages. */
  ownOrigin: string
}): EmbedDoor {
  const { database, memory, tokens, accounts, agents, runs, counters, ids, ownOrigin } = dependencies
  /** Reads for visitors what is theirs by `embed_runs`. */
  const reader = serviceCaller('embed')

  function limit(name: string, most: number, seconds: number): void {
    const { count, resetSeconds } = counters.add(name, seconds)
    if (count > most)
      throw new Problem(
        'rate-limited',
        `Too many requests from your network. Try again in ${resetSeconds} seconds.`,
        {
          retryAfterSeconds: resetSeconds,
        },
      )
  }

  /**
   * The agent's owner as they are now, or of an agent of the house who made the embed: always a user, as a member, with no
   * more than the embed's scopes. @throws Problem `agent-not-found`.
   */
  async function callerOf({ embed, agent }: KnownEmbed): Promise<Caller> {
    const userId = agent.ownerId ?? embed.created_by
    const user = userId === null ? undefined : await accounts.owner(userId)
    if (!user) throw unavailable()
    return {
      ...user,
      role: 'member',
      credential: `embed:${embed.id}`,
      scopes: new Set(embed.scopes),
    }
  }

  /** The origin that a visitor is bound to; undefined for a page that the embed is not for. */
  function pageOf(
    { origins, share_page }: KnownEmbed['embed'],
    origin: string | undefined,
    isOwnPage: boolean,
  ): string | undefined {
    if (origin !== undefined && isAllowed(origins, origin)) return origin
    const isOwn = isOwnPage || origin === ownOrigin
    return isOwn && (share_page || isAllowed(origins, ownOrigin)) ? ownOrigin : undefined
  }

  async function own({ id: visitorId, embedId }: Visitor, runId: string): Promise<string> {
    const id = runId.toLowerCase()
    if (await createAskedStore(database.system).isOf({ runId: id, embedId, visitorId })) return id
    throw new Problem('run-not-found', `There is no run ${id}.`)
  }

  return {
    async enter(key, { origin, isOwnPage, address }) {
      const network = networkOf(address)
      if (!memory.isKnown(key)) limit(`embed-search:${network}`, mostUnknown, 60)
      const known = keyForm.test(key) ? await memory.find(key) : undefined
      if (!known?.embed.enabled)
        throw new Problem('resource-not-found', 'There is no embed with this key, or it is switched off.')
      const { embed } = known
      const of = pageOf(embed, origin, isOwnPage)
      if (of === undefined)
        throw new Problem(
          'forbidden',
          `This embed is not for pages of ${origin?.slice(0, 300) ?? 'no origin'}.`,
        )
      limit(`embed:${embed.id}:${network}`, mostRequests, 60)
      return { ...known, origin: of, address: network }
    },

    visitor({ embed, origin, address }, before) {
      const place = { embedId: embed.id, origin }
      if (before !== undefined) {
        try {
          return tokens.sign(tokens.verify(before, place))
        } catch (error) {
          if (!isProblem(error)) throw error
        }
      }
      limit(`embed-visitors:${embed.id}:${address}`, mostVisitors, 3600)
      return tokens.sign({ ...place, id: ids.uuid() })
    },

    known({ embed, origin }, token) {
      return tokens.verify(token ?? '', { embedId: embed.id, origin })
    },

    async ask({ embed, agent, address }, visitor, { text, conversation }) {
      const caller = await callerOf({ embed, agent })
      // Whoever may make its embed may run it; a private agent of the house is nothing that a member could find.
      const { agent: found, version, config } = await agents.runnable(reader, { id: embed.agent_id })
      // The draft could be run as well.
      if (!found.is_published || version === null) throw unavailable()
      limit(`embed-runs:${embed.id}:${address}`, visitorsPerAddress * embed.runs_per_visitor, 86_400)
      const order = {
        agentId: embed.agent_id,
        version,
        config,
        messages: [{ role: 'user' as const, content: text }],
        threadId: threadOf(visitor, conversation),
      }
      let isCounted = false
      return runs
        .start(caller, order, async (db, run) => {
          isCounted = true
          await refuseOverLimits(db, embed, visitor.id)
          await createAskedStore(db).add({ runId: run.id, embedId: embed.id, visitorId: visitor.id })
        })
        .catch(error => {
          // What comes of being counted is the visitor's own.
          throw isCounted || !isProblem(error) ? error : toldVisitor(error)
        })
    },

    async run(visitor, runId) {
      return runs.get(reader, await own(visitor, runId))
    },

    async *follow({ embed }, visitor, runId, after, signal) {
      const id = await own(visitor, runId)
      const reading = memory.untilChange(embed.id, signal)
      try {
        yield* visibleEvents(runs.follow(reader, id, after, reading.signal), embed)
      } finally {
        reading.release()
      }
    },

    async cancel(visitor, runId) {
      return runs.cancel(reader, await own(visitor, runId))
    },

    async answer({ embed }, visitor, runId, approvalId, approved) {
      const id = await own(visitor, runId)
      if (!embed.approvals)
        throw new Problem(
          'forbidden',
          'The people of this site answer what the assistant asks for, not its visitors.',
        )
      return runs.answer(reader, id, approvalId, { approved, note: null })
    },
  }
}
