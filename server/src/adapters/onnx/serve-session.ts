import type { Tensor } from '@roundhouse/sdk/contract'
import { openOrtSession } from './session.ts'
import type { FromSession, ToSession } from './session-messages.ts'

/** The way back to who opened the session. */
export type SessionPort = {
  /** `outputs` are those of the message; their buffers may be given away. */
  send(message: FromSession, outputs: readonly Tensor[]): void
  onMessage(listener: (message: ToSession) => void): void
  /** Lets the thread or process end. */
  close(): void
}

/** Opens a session on this thread and serves it. Told to close, it drains, frees the model and lets the port go. */
export async function serveSession(path: string, port: SessionPort): Promise<void> {
  const session = await openOrtSession(path).catch((error: Error) => error)
  if (session instanceof Error) {
    port.send({ kind: 'refused', text: session.message }, [])
    return port.close()
  }
  port.onMessage(message => {
    if (message.kind === 'close') {
      session.close().then(() => port.close())
      return
    }
    session.run(message.inputs, message.outputs).then(
      result => port.send({ kind: 'done', ...result }, result.outputs),
      (error: Error) => port.send({ kind: 'failed', text: error.message }, []),
    )
  })
  port.send({ kind: 'ready', signature: session.signature, loadMs: session.loadMs }, [])
}
