/** A word that something is done; what fails is said where it was asked for. The library comes with the first one. */
export async function toast(text: string): Promise<void> {
  const { showToast } = await import('./toaster.tsx')
  showToast(text)
}
