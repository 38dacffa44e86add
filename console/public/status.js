const status = document.getElementById('status')
const models = document.getElementById('models')
for (const place of document.querySelectorAll('.origin')) place.textContent = location.origin

/** Text cells only: names come from whoever uploads. */
function row(...cells) {
  const line = document.createElement('tr')
  for (const [index, text] of cells.entries()) {
    const cell = document.createElement('td')
    cell.textContent = text
    if (index === 3) cell.className = 'number'
    line.append(cell)
  }
  return line
}

async function show() {
  try {
    const health = await (await fetch('/api/v1/health')).json()
    const good = health.status === 'healthy'
    status.textContent = `${good ? 'Ready' : health.status} · version ${health.version} · ${health.environment}`
    status.className = good ? 'good' : 'bad'
    const rows = health.models.map(model =>
      row(
        model.name,
        model.version,
        model.reason ?? model.state,
        model.load_ms === null ? '–' : `${model.load_ms} ms`,
      ),
    )
    models.replaceChildren(...(rows.length > 0 ? rows : [row('No model yet: upload one.', '', '', '')]))
  } catch {
    status.textContent = 'The server does not answer. Trying again…'
    status.className = 'bad'
  }
}

await show()
setInterval(show, 5000)
