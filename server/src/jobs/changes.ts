import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'

/** Bus topic; the message is ids of jobs, with blanks between. */
export const jobsChanged = 'job'
const cancelTopic = 'job-cancel'
/** A message of the bus is at most 7,000 bytes. */
const idsPerMessage = 150

/** Tells every replica which jobs are not what they were. Told at most once: whoever watches also looks by themselves. */
export function publishChanges(bus: Bus, log: Log, ids: readonly string[]): void {
  for (let at = 0; at < ids.length; at += idsPerMessage)
    publish(bus, log, jobsChanged, ids.slice(at, at + idsPerMessage).join(' '))
}

export function publishCancel(bus: Bus, log: Log, id: string): void {
  publish(bus, log, cancelTopic, id)
}

/** Also after a gap, when nobody knows what was missed. */
export function onChange(bus: Bus, id: string, listener: () => void): () => void {
  const stops = [
    bus.subscribe(jobsChanged, message => {
      if (message.includes(id)) listener()
    }),
    bus.onGap(listener),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

export function onCancel(bus: Bus, listener: (id: string) => void): () => void {
  return bus.subscribe(cancelTopic, listener)
}

function publish(bus: Bus, log: Log, topic: string, message: string): void {
  bus.publish(topic, message).catch(error => log.debug('job-publish-fail', { topic, err: error }))
}
