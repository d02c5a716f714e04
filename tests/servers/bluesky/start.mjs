// The reference Bluesky server on 127.0.0.1, for tests. It needs no network.
//
//   node start.mjs [--rate-limits]      the account server (PDS) and its directory of identities
//   node start.mjs --appview            ... and the app view, in a PostgreSQL of its own
//
// One JSON line on stdout when it is ready. It ends when its standard input does, on SIGTERM and
// SIGINT, or on POST /stop, and leaves nothing behind. README.md lists what the control port takes.
import { spawn, spawnSync } from 'node:child_process'
import dns from 'node:dns'
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const HOST = '127.0.0.1'
const PASSWORD = 'fan-password'

// Whatever is started in this process listens on this machine only.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  if (typeof args[0] === 'number' || typeof args[0] === 'string') {
    const callback = args.find((arg) => typeof arg === 'function')
    return listen.call(this, { port: Number(args[0]), host: HOST }, callback)
  }
  if (args[0] && typeof args[0] === 'object' && 'port' in args[0]) {
    return listen.call(this, { ...args[0], host: HOST }, ...args.slice(1))
  }
  return listen.apply(this, args)
}
dns.setDefaultResultOrder('ipv4first')

// How often each method was called: the account server does not say.
const calls = new Map() // name of the method -> how often, since the last time it was asked
const emit = http.Server.prototype.emit
http.Server.prototype.emit = function (event, ...args) {
  const method = event === 'request' && /^\/xrpc\/([\w.]+)/.exec(args[0].url)?.[1]
  if (method) calls.set(method, (calls.get(method) ?? 0) + 1)
  return emit.call(this, event, ...args)
}

const options = new Set(process.argv.slice(2))
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'abpost-bluesky-'))
process.env.TMPDIR = scratch // the server keeps its databases in os.tmpdir()
process.env.LOG_ENABLED = 'false'
process.env.NODE_ENV = 'test'

// What is installed lies where the script was copied to, or where the caller says.
const require = createRequire(path.join(process.cwd(), 'index.js'))
const importHere = (name) => import(require.resolve(name))

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once('error', reject)
    probe.listen(0, () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

// ---- PostgreSQL, for the app view ----

function postgresFolder() {
  const versions = '/usr/lib/postgresql'
  const found = fs.existsSync(versions) ? fs.readdirSync(versions).sort((a, b) => b - a) : []
  if (found.length === 0) throw new Error('PostgreSQL is missing: tests/install-packages.sh servers')
  return path.join(versions, found[0], 'bin')
}

// PostgreSQL refuses to run as root, so there it runs as the user that its package made.
function asPostgres(command, args) {
  return process.getuid() === 0
    ? ['runuser', ['-u', 'postgres', '--', command, ...args]]
    : [command, args]
}

async function startPostgres() {
  const bin = postgresFolder()
  const base = path.join(scratch, 'postgres')
  const data = path.join(base, 'data')
  fs.mkdirSync(base, { mode: 0o755 })
  fs.chmodSync(scratch, 0o755)
  if (process.getuid() === 0) spawnSync('chown', ['postgres', base])
  const initdb = spawnSync(
    ...asPostgres(path.join(bin, 'initdb'), ['-D', data, '-U', 'abpost', '-A', 'trust', '-N', '-E', 'UTF8']),
    { encoding: 'utf8', cwd: '/' },
  )
  if (initdb.status !== 0) throw new Error(`initdb: ${initdb.stderr || initdb.error}`)
  const port = await freePort()
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', `listen_addresses=${HOST}`,
    `unix_socket_directories=${base}`, 'max_connections=200']
  const child = spawn(
    ...asPostgres(path.join(bin, 'postgres'), ['-D', data, '-p', `${port}`, ...settings.flatMap((s) => ['-c', s])]),
    { stdio: 'ignore', cwd: '/' },
  )
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null) return resolve()
      child.once('exit', resolve)
      spawnSync(...asPostgres(path.join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']), { cwd: '/' })
    })
  for (let tries = 0; tries < 200; tries++) {
    const ready = spawnSync(path.join(bin, 'pg_isready'), ['-h', HOST, '-p', `${port}`])
    if (ready.status === 0) return { url: `postgresql://abpost@${HOST}:${port}/postgres`, stop }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop()
  throw new Error('PostgreSQL does not come up')
}

// ---- the network ----

let postgres
async function startNetwork() {
  const { TestNetwork, TestNetworkNoAppView } = await importHere('@atproto/dev-env')
  const params = { pds: { hostname: 'localhost', rateLimitsEnabled: options.has('--rate-limits') } }
  if (!options.has('--appview')) return TestNetworkNoAppView.create(params)
  postgres = await startPostgres()
  process.env.REDIS_HOST ??= HOST // asked for, but not used by what runs here
  return TestNetwork.create({ ...params, dbPostgresUrl: postgres.url, dbPostgresSchema: 'abpost' })
}

const began = Date.now()
let network
try {
  network = await startNetwork()
} catch (error) {
  await postgres?.stop()
  fs.rmSync(scratch, { recursive: true, force: true })
  console.error(error)
  process.exit(1)
}
const { AtpAgent, RichText } = await importHere('@atproto/api')
const fans = [] // agents, in the order they were made
const done = new Map() // 'like uri' -> how many fans have done that to it
const given = new Map() // uri -> the likes of it

async function createAccount({ handle, password = PASSWORD }) {
  const agent = new AtpAgent({ service: network.pds.url })
  await agent.createAccount({ handle, email: `${handle}@example.test`, password })
  const { data } = await agent.com.atproto.server.createAppPassword({ name: 'abpost' })
  return { agent, account: { did: agent.session.did, handle, password, appPassword: data.password } }
}

async function cidOf(uri) {
  const [repo, collection, rkey] = uri.replace('at://', '').split('/')
  const { data } = await network.pds.getClient().com.atproto.repo.getRecord({ repo, collection, rkey })
  return data.cid
}

// The next `count` fans who have not done it to this uri yet do it.
async function act(kind, uri, count, deed) {
  const subject = { uri, cid: await cidOf(uri) }
  const key = `${kind} ${uri}`
  const from = done.get(key) ?? 0
  const acting = fans.slice(from, from + count)
  done.set(key, from + acting.length)
  for (const agent of acting) await deed(agent, subject)
  return { done: acting.length, total: from + acting.length }
}

const status = (account, change) =>
  network.pds.getClient().com.atproto.admin.updateSubjectStatus(
    { subject: { $type: 'com.atproto.admin.defs#repoRef', did: account }, ...change },
    { encoding: 'application/json', headers: network.pds.adminAuthHeaders() },
  )

const deeds = {
  '/accounts': async (body) => (await createAccount(body)).account,
  '/fans': async ({ n }) => {
    for (let i = 0; i < n; i++) {
      const { agent } = await createAccount({ handle: `fan${fans.length}.test` })
      fans.push(agent)
    }
    return { fans: fans.length }
  },
  '/like': ({ uri, count = 1 }) =>
    act('like', uri, count, async (agent, s) => {
      const like = await agent.like(s.uri, s.cid)
      given.set(uri, [...(given.get(uri) ?? []), { agent, like: like.uri }])
    }),
  // Fans who liked it take that back, the latest first. They do not like it again.
  '/unlike': async ({ uri, count = 1 }) => {
    const likes = (given.get(uri) ?? []).splice(-count)
    for (const { agent, like } of likes) await agent.deleteLike(like)
    return { done: likes.length, total: given.get(uri)?.length ?? 0 }
  },
  '/repost': ({ uri, count = 1 }) => act('repost', uri, count, (agent, s) => agent.repost(s.uri, s.cid)),
  '/reply': ({ uri, count = 1, text = 'hear, hear' }) =>
    act('reply', uri, count, (agent, s) => agent.post({ text, reply: { root: s, parent: s } })),
  '/quote': ({ uri, count = 1, text = 'look' }) =>
    act('quote', uri, count, (agent, s) =>
      agent.post({ text, embed: { $type: 'app.bsky.embed.record', record: s } })),
  // Waits until the app view has seen everything.
  '/settle': async () => {
    await network.processAll(30000)
    return {}
  },
  // An access token of that account which ran out an hour ago.
  '/expired-token': async ({ did: account }) => {
    const { SignJWT } = await importHere('jose')
    const now = Math.floor(Date.now() / 1000)
    const accessJwt = await new SignJWT({ scope: 'com.atproto.appPass' })
      .setProtectedHeader({ typ: 'at+jwt', alg: 'HS256' })
      .setAudience(network.pds.ctx.cfg.service.did)
      .setSubject(account)
      .setIssuedAt(now - 10800)
      .setExpirationTime(now - 3600)
      .sign(network.pds.jwtSecretKey())
    return { accessJwt }
  },
  '/takedown': async ({ did: account, applied = true }) => {
    await status(account, { takedown: { applied } })
    return {}
  },
  '/deactivate': async ({ did: account }) => {
    await network.pds.ctx.accountManager.deactivateAccount(account, null)
    return {}
  },
  // Other bytes under the same key, as another client would edit a post.
  '/edit': async ({ handle, password = PASSWORD, uri, text }) => {
    const agent = new AtpAgent({ service: network.pds.url })
    await agent.login({ identifier: handle, password })
    const [repo, collection, rkey] = uri.replace('at://', '').split('/')
    const { data } = await agent.com.atproto.repo.getRecord({ repo, collection, rkey })
    const put = await agent.com.atproto.repo.putRecord({ repo, collection, rkey, record: { ...data.value, text } })
    return { cid: put.data.cid }
  },
  '/delete': async ({ handle, password = PASSWORD, uri }) => {
    const agent = new AtpAgent({ service: network.pds.url })
    await agent.login({ identifier: handle, password })
    await agent.deletePost(uri)
    return {}
  },
  // How many posts the account has: what doubles are counted by.
  '/posts': async ({ did: repo }) => {
    const client = network.pds.getClient()
    const uris = []
    let cursor
    do {
      const { data } = await client.com.atproto.repo.listRecords(
        { repo, collection: 'app.bsky.feed.post', limit: 100, cursor })
      uris.push(...data.records.map((record) => ({ uri: record.uri, cid: record.cid, value: record.value })))
      cursor = data.cursor
    } while (cursor)
    return { posts: uris }
  },
  // The official client's facets of a list of texts, mentions not resolved.
  '/facets': async ({ texts }) => ({
    facets: texts.map((text) => {
      const rich = new RichText({ text })
      rich.detectFacetsWithoutResolution()
      return (rich.facets ?? []).map(({ index, features }) => ({ ...index, ...features[0] }))
    }),
  }),
  // Calls since it was last asked: abpost's, the fans' and those of the servers among themselves.
  '/calls': async () => {
    const counted = Object.fromEntries(calls)
    calls.clear()
    return { calls: counted }
  },
  '/stop': async () => {
    setImmediate(stop)
    return {}
  },
}

const control = http.createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', async () => {
    let code = 200
    let answer
    try {
      const deed = request.method === 'POST' ? deeds[request.url] : undefined
      if (!deed) throw new Error(`no such deed: ${request.method} ${request.url}`)
      answer = await deed(JSON.parse(Buffer.concat(chunks).toString() || '{}'))
    } catch (error) {
      code = 500
      answer = { error: `${error?.message ?? error}` }
    }
    response.writeHead(code, { 'content-type': 'application/json' })
    response.end(`${JSON.stringify(answer)}\n`)
  })
})

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(1), 15000).unref()
  control.close()
  await network.close().catch(() => {})
  await postgres?.stop()
  fs.rmSync(scratch, { recursive: true, force: true })
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
process.stdin.on('end', stop).on('error', stop).resume()

control.listen(0, () => {
  console.log(JSON.stringify({
    pds: network.pds.url,
    appview: network.bsky?.url ?? null,
    control: `http://${HOST}:${control.address().port}`,
    seconds: (Date.now() - began) / 1000,
  }))
})
