import type { WebSocket } from 'ws'

/** A client that takes nothing for so many beats is cut off. */
const mostStuckBeats = 2

/**
 * Each call asks the client whether it is there, and cuts off one that has not answered the call before. While something
 * waits for the client a question would stand behind it: then the client is judged by what it takes, however slowly.
 * @param taken How many messages the client has taken so far.
 */
export function createHeartbeat(socket: WebSocket, taken: () => number): () => void {
  let isAlive = true
  let takenBefore = 0
  let stuckBeats = 0
  socket.on('pong', () => {
    isAlive = true
  })

  return () => {
    if (socket.bufferedAmount > 0) {
      stuckBeats = taken() > takenBefore ? 0 : stuckBeats + 1
      takenBefore = taken()
      isAlive = true
      if (stuckBeats > mostStuckBeats) socket.terminate()
      return
    }
    stuckBeats = 0
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }
}
