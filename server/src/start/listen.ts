import type { FastifyInstance } from 'fastify'
import { isDeployed } from './config.ts'
import type { Config } from './settings.ts'

/** A container without IPv6 has no `::`. */
const everywhere = ['::', '0.0.0.0']

/** Where to listen: the first that this machine has. */
export function hostsOf(config: Config): readonly string[] {
  if (config.HOST !== undefined) return [config.HOST]
  return isDeployed(config) ? everywhere : ['127.0.0.1']
}

/** @throws Error, one sentence that names the setting to change. */
export async function listen(
  app: FastifyInstance,
  port: number,
  [host = '', ...others]: readonly string[],
): Promise<void> {
  try {
    await app.listen({ port, host })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (others.length > 0 && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'))
      return listen(app, port, others)
    const why = failures[code]
    if (!why) throw error
    throw new Error(`Port ${port} on ${host} ${why}`, { cause: error })
  }
}

const noAddress = 'cannot be used: this machine does not have that address. Set HOST to one that it has.'
const failures: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program. Stop it, or set PORT to another one.',
  EACCES: 'may not be used by this user. Set PORT to one from 1024.',
  EADDRNOTAVAIL: noAddress,
  EAFNOSUPPORT: noAddress,
  ENOTFOUND: 'cannot be used: HOST is not known as an address.',
}
