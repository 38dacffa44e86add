import type { House } from './build.ts'

/**
 * No more requests. Runs go to other processes: at once, but those whose callers wait here for the answer after
 * `answersMs`, and with them their readers.
 */
export async function closeDoors(
  { app, answering }: Pick<House, 'app' | 'answering'>,
  answersMs: number,
): Promise<void> {
  await Promise.all([app.close(), answering.stop(answersMs)])
}
