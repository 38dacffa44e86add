import { createRoot } from 'react-dom/client'
import { Toaster, toast } from 'sonner'

let isThere = false

/** Shows it for some seconds, and says it to those who hear the page. */
export function showToast(text: string): void {
  if (!isThere) {
    isThere = true
    const place = document.createElement('div')
    document.body.append(place)
    createRoot(place).render(<Toaster position="bottom-right" theme="system" closeButton />)
  }
  toast(text)
}
