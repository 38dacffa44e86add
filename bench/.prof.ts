import { fork, spawn } from 'node:child_process'
import { openSync, readFileSync, mkdirSync } from 'node:fs'
import { openAsBlob } from 'node:fs'
import { createClient } from '@roundhouse/sdk'
import { inferForm } from './forms.ts'
import { startGenerator } from './generator.ts'
import { benchModels } from './models.ts'
import { prepareWorkload } from './workloads.ts'
import { cpuSecondsOf, treeOf } from './proc.ts'
const dir = process.argv[2]!
const extra = process.argv.slice(3).filter(a => a.startsWith('-'))
const env = Object.fromEntries(process.argv.slice(3).filter(a => !a.startsWith('-')).map(a => a.split('=')))
mkdirSync(dir, { recursive: true, mode: 0o755 })
const log = openSync(dir + '/log', 'w')
const child = spawn(process.execPath, [...extra, '/work/main/server/dist/cli/main.js', 'start'], { stdio: ['ignore', log, log], env: { PATH: process.env.PATH!, HOME: '/root', DATA_DIR: dir + '/data', PORT: '0', ...env }, cwd: dir })
let m
while (!(m = /"url":"http:[^"]*:(\d+)"[^\n]*"event":"server-start"/.exec(readFileSync(dir + '/log', 'utf8')))) await new Promise(r => setTimeout(r, 50))
const port = Number(m[1]); const key = readFileSync(dir + '/data/service-role-key', 'utf8').trim()
const client = createClient({ baseUrl: `http://127.0.0.1:${port}`, token: key })
const models = benchModels()
await client.models.push(await openAsBlob(models.mlp), { name: 'mlp' })
const w = await prepareWorkload({ name: 'mlp', path: models.mlp, input: 'x', output: 'y', shape: [1, 30], count: 256 })
const g = startGenerator()
g.pool('a', inferForm(w, key, { binary: false }).requests)
const tree = treeOf(child.pid!)
for (const c of [64, 64, 1]) {
  const before = tree.map(p => cpuSecondsOf(p)); const main0 = readFileSync(`/proc/${child.pid}/stat`,'utf8').split(') ')[1].split(' ')
  const r = await g.load({ port, pool: 'a', connections: c, warmUpMs: 300, windowMs: Number(process.env.MS ?? 2500) })
  await new Promise(r => setTimeout(r, 1000))
  const main1 = readFileSync(`/proc/${child.pid}/stat`,'utf8').split(') ')[1].split(' ')
  const nodeUser = (Number(main1[11])-Number(main0[11]))*10000/r.total, nodeSys=(Number(main1[12])-Number(main0[12]))*10000/r.total
  const all = (cpuSecondsOf(child.pid!)-before[0]!)*1e6/r.total
  console.log('c', c, 'rps', Math.round(r.completed / r.seconds), 'p50', r.p50Ms.toFixed(2), 'us/req all', all.toFixed(0), 'node user', nodeUser.toFixed(0), 'node sys', nodeSys.toFixed(0), 'fail', r.failed)
}
console.log(await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${key}` } })).text().then(t => t.split('\n').filter(l => /^roundhouse_(history|batch|model).*/.test(l) && !/bucket/.test(l)).join('\n')))
const exited = new Promise(r => child.once('exit', r)); child.kill('SIGTERM'); await exited; g.close()
