// Before anything is drawn, so that no page flashes in the other colours. `app/theme.ts` writes what is read here.
try {
  const theme = localStorage.getItem('roundhouse-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {}
