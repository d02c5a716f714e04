// Holds abpost's facets against the official client's, over random texts made of everything that
// matters to either:
//
//   node compare-facets.mjs SHOW_FACETS COUNT SEED      (in the folder where it is installed)
//
// What bluesky_facets.h does otherwise on purpose is done to the official ones here, so that any
// other difference is a failure.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(path.join(process.cwd(), 'index.js'))
const { RichText } = await import(require.resolve('@atproto/api'))
const tlds = new Set(require('tlds'))
const [program, count, seed] = process.argv.slice(2)

const pieces = [' ', ' ', ' ', '\n', '\t', '\u00a0', '\u200b', '\u200d', '\u2060', '\u00ad', '\ufe0f', '\u20e2', '\u3000', '@', '@',
  '#', '#', '\uff03', '$', '(', ')', '[', '"', "'", '\u2019', '.', '.', ',', '!', '?', ':', ';', '-', '_', '/', '//', '&', '=', '+',
  '0', '1', '42', 'a', 'b', 'Z', 'com', '.com', 'test', '.test', 'org', 'jpg', 'COM', 'http', 'https', 'http://', 'https://',
  'HTTPS://', 'example.com', 'foo.bar', 'b\u00fccher', '\u00e9', '\u65e5\u672c', '\ud83d\udc4d', '\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67',
  '\ud83e\udd8b', '#tag', '@alice.test', '$AAPL', 'https://example.com/a_(b)?c=d#e', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '\u0301']

let state = BigInt(seed)
function random(below) { // SplitMix64
  state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n)
  let z = state
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
  return Number((z ^ (z >> 31n)) % BigInt(below))
}

function official(text) {
  const rich = new RichText({ text })
  rich.detectFacetsWithoutResolution()
  const bytes = Buffer.from(text)
  const facets = (rich.facets ?? []).map(({ index, features: [feature] }) => {
    const { byteStart, byteEnd } = index
    const kind = feature.$type.split('#')[1]
    let value = feature.uri ?? feature.did ?? feature.tag
    const shown = bytes.subarray(byteStart, byteEnd).toString()
    if (kind === 'link' && !/^https?:\/\//.test(value)) value = `https://${value}`
    return { byteStart, byteEnd, kind, value, shown }
  })
  // The official client takes whatever begins with "http" for an address with a scheme.
  const noHost = ({ kind, shown }) =>
    kind === 'link' && /^http/.test(shown) && !/^https?:\/\//.test(shown) &&
    !tlds.has(/^[a-z0-9]*(?:\.([a-z0-9]+))+/i.exec(shown)?.[1])
  let end = 0
  return facets
    .sort((a, b) => a.byteStart - b.byteStart)
    .filter((facet) => !noHost(facet))
    .filter(({ kind, value }) => !(kind === 'link' && /^https?:\/\/($|\/)/.test(value)))
    .filter(({ kind, shown }) => !(kind === 'link' && /^[a-z][a-z0-9]*(\.[a-z0-9]+)+@/i.test(shown)))
    .filter((facet) => facet.byteStart >= end && (end = facet.byteEnd, true))
    .map(({ shown, ...facet }) => facet)
}

const texts = Array.from({ length: Number(count) }, () =>
  Array.from({ length: 1 + random(14) }, () => pieces[random(pieces.length)]).join(''))
const run = spawnSync(program, { input: JSON.stringify(texts), maxBuffer: 1 << 30, encoding: 'utf8' })
if (run.status !== 0) throw new Error(`${program}: ${run.stderr}`)
const ours = JSON.parse(run.stdout)

let different = 0
let found = 0
texts.forEach((text, i) => {
  const theirs = official(text)
  found += theirs.length
  if (JSON.stringify(theirs) === JSON.stringify(ours[i])) return
  if (different++ < 10) console.log(JSON.stringify({ text, official: theirs, abpost: ours[i] }, null, 1))
})
console.log(`${texts.length} texts, ${found} facets, ${different} texts differ`)
process.exit(different > 0 || found < texts.length / 10 ? 1 : 0)
