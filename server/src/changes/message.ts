import { type ChangeKind, changeKind } from '@roundhouse/sdk/contract'

/** Something that is not what it was. */
export type Told = {
  readonly kind: ChangeKind
  /** Null: several of the kind, or one that nobody named. */
  readonly id: string | null
  /** Whom it concerns for certain: its owner, or who changed it. Null where that is nobody, or not known. */
  readonly userId: string | null
}

const none = '-'
const plain = /^[^\s]{1,200}$/

/** A line of a message of the bus. An id that would not fit into one is left out. */
export function lineOf({ kind, id, userId }: Told): string {
  return `${kind} ${id !== null && id !== none && plain.test(id) ? id : none} ${userId ?? none}`
}

/** What a process of another version says that this one does not know is passed over. */
export function readMessage(message: string): Told[] {
  return message.split('\n').flatMap(line => {
    const [kind, id = none, userId = none] = line.split(' ')
    const known = changeKind.safeParse(kind)
    if (!known.success) return []
    return [{ kind: known.data, id: id === none ? null : id, userId: userId === none ? null : userId }]
  })
}
