import { readFile } from 'node:fs/promises'

/** The system user that runs Postgres, which refuses to run as root. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number }

const candidates = ['node', 'postgres', 'nobody']

/**
 * Undefined when we are not root: Postgres then runs as we do. As root: `wanted`, else whoever owns the data
 * folder already, else the first candidate that exists. Never creates a user. `initdb` needs a passwd entry, so
 * only users that have one are looked at.
 */
export async function chooseAccount(
  wanted: string | undefined,
  folderOwnerUid: number | undefined,
): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const accounts = parsePasswd(await readFile('/etc/passwd', 'utf8'))
  if (wanted !== undefined) {
    const account = accounts.find(entry => entry.name === wanted)
    if (!account)
      throw new Error(`There is no user ${wanted} to run the database as. Choose an existing one.`)
    if (account.uid === 0) throw new Error(`The database cannot run as ${wanted}: it refuses to run as root.`)
    return account
  }
  const account =
    accounts.find(entry => entry.uid !== 0 && entry.uid === folderOwnerUid) ??
    candidates.map(name => accounts.find(entry => entry.name === name)).find(entry => entry !== undefined)
  if (!account) {
    throw new Error(
      `The database refuses to run as root, and none of the users ${candidates.join(', ')} exists. Start Roundhouse as another user, or set DATABASE_URL.`,
    )
  }
  return account
}

function parsePasswd(text: string): Account[] {
  return text.split('\n').flatMap(line => {
    const [name, , uid, gid] = line.split(':')
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
}
