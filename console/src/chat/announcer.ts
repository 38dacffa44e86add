/** Whole sentences at a time, and not so often that they cut each other off. */
const everyMs = 1500

export type Announcer = {
  /** The answer so far, which only grows; told again from the start when it does not begin as it did. */
  follow(text: string, isOver: boolean): void
  say(sentence: string): void
}

/** Reads an answer to those who listen, while it is written, through a live region. */
export function createAnnouncer(region: HTMLElement): Announcer {
  let told = ''
  let text = ''
  let isOver = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function tell(): void {
    timer = undefined
    if (!text.startsWith(told)) told = ''
    const fresh = text.slice(told.length)
    const ready = isOver ? fresh : (/^[\s\S]*[.!?:\n](?=\s|$)/.exec(fresh)?.[0] ?? '')
    if (ready.trim() === '') return
    told += ready
    region.textContent = ready.replace(/[*_`#|>]+/g, ' ')
  }

  return {
    follow(now, over) {
      if (now === text && over === isOver) return
      text = now
      isOver = over
      if (timer === undefined) timer = setTimeout(tell, everyMs)
    },
    say(sentence) {
      region.textContent = sentence
    },
  }
}
