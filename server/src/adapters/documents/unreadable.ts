/** A document that is at fault. The message is a clause: "it is neither ... nor ...". */
export class Unreadable extends Error {}
