import { type Roundhouse, startRoundhouse } from './roundhouse.ts'

export type LlmHouse = Roundhouse & {
  /** A published agent that asks this model and nothing more; its id. */
  agent(model: string): Promise<string>
}

/** More calls at a time than the default, so that nothing is turned away when one stream follows another. */
const atOnce = 1024

/** Ours, with the provider `bench` at an address. */
export async function startLlmHouse(folder: string, baseUrl: string): Promise<LlmHouse> {
  const house = await startRoundhouse(folder, { RUN_CONCURRENCY: String(atOnce) })
  try {
    const reply = await fetch(`http://127.0.0.1:${house.port}/api/v1/admin/providers/bench`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${house.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ base_url: baseUrl, max_concurrent: atOnce, idle_timeout_ms: 3_600_000 }),
    })
    if (!reply.ok) throw new Error(`The provider was refused: ${await reply.text()}`)
  } catch (error) {
    await house.stop()
    throw error
  }
  const { agents } = house.client
  return {
    ...house,
    async agent(model) {
      const { id } = await agents.create({ name: `Bench ${model}`, provider: 'bench', model })
      await agents.publish(id)
      return id
    },
  }
}
