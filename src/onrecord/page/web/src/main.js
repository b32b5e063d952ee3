// The page: what stands in the HTML is the overview; everything after `#/` is shown here.
import { copyButton, documentLink, h, paragraphLink } from './dom.js'
import { release } from './facts.js'
import * as store from './store.js'
import * as documents from './document.js'
import * as paragraphs from './paragraph.js'
import * as tables from './table.js'
import * as search from './search.js'

const overview = document.getElementById('overview')
const view = document.getElementById('view')
const notice = document.getElementById('notice')
const home = document.title
const onDisk = location.protocol === 'file:'

const SHOW = {
  document: (id, query) => documents.show(view, id, query),
  paragraph: (id) => paragraphs.show(view, id),
  table: (name, query) => tables.show(view, name, query),
  search: (words) => search.show(view, words)
}

function say (...children) {
  notice.hidden = !children.length
  notice.firstElementChild.replaceChildren(...children)
}

const ON_DISK = () => [
  'This page was opened from a disk, where a browser lets it read no data. What needs none is here, the downloads too. For documents, paragraphs, tables and search run ',
  h('code', {}, 'onrecord preview'), ', or ', h('code', {}, 'python3 -m http.server'), ' in this folder, or put the folder on any web server.']

function parse () {
  const [path, search = ''] = location.hash.slice(2).split('?')
  const slash = path.indexOf('/')
  const decode = (text) => { try { return decodeURIComponent(text) } catch { return text } }
  return { kind: path.slice(0, slash < 0 ? undefined : slash), what: slash < 0 ? '' : decode(path.slice(slash + 1)), query: Object.fromEntries(new URLSearchParams(search)) }
}

async function retired (id) {
  const row = await store.lookup('retired', 'record_id', id).catch(() => null)
  if (!row) return [h('p', {}, 'No release that this one follows from ever had a record of this id, or its table can’t be read here.')]
  const link = row.kind === 'document' ? (to) => documentLink(to, undefined, to) : (to) => paragraphLink(to, to)
  return [
    h('p', {}, `This ${row.kind} was published from release ${row.first_release} on and is not in it since ${row.since}. Reason: ${row.reason}${row.category ? ` (${row.category})` : ''}.`),
    row.successor_id ? h('p', {}, 'What stands for it now: ', link(row.successor_id)) : null]
}

// Who goes back finds the place again that was left: a view is read anew, so we remember it.
let backTo = null
function remember () {
  document.addEventListener('click', (event) => {
    if (event.target.closest?.('a[href^="#"]')) history.replaceState({ y: window.scrollY }, '')
  }, { capture: true })
  window.addEventListener('popstate', (event) => { backTo = event.state?.y ?? null })
}

let turn = 0
async function route () {
  const mine = ++turn
  const back = backTo
  const { kind, what, query } = parse()
  document.getElementById('query').value = kind === 'search' && location.hash.startsWith('#/') ? what : ''
  const wanted = location.hash.startsWith('#/') && kind
  overview.hidden = Boolean(wanted)
  view.hidden = !wanted
  say(...(onDisk ? ON_DISK() : []))
  if (!wanted) {
    view.replaceChildren()
    document.title = home
    const target = location.hash.length > 2 && !location.hash.startsWith('#/') && document.getElementById(location.hash.slice(1))
    if (back !== null) window.scrollTo(0, back)
    else if (target) target.scrollIntoView()
    else if (location.hash === '#/') window.scrollTo(0, 0)
    return
  }
  const fail = (head, ...children) => view.replaceChildren(h('h1', { tabindex: '-1' }, head), ...children.flat())
  const framed = (found) => {
    view.prepend(h('p', { class: 'up small' }, h('a', { href: '#/' }, '← Overview of the release')))
    if (found) view.append(h('p', { class: 'back small' }, h('a', { href: '#/' }, 'Overview of the release')))
  }
  if (onDisk) {
    fail('This needs data', h('p', {}, 'The note above says how to look at it.'))
    framed(false)
    window.scrollTo(0, 0)
    return
  }
  window.scrollTo(0, 0)
  view.setAttribute('aria-busy', 'true')
  view.replaceChildren(h('p', { class: 'loading', role: 'status' }, 'Reading …'))
  let shown = null
  try {
    shown = SHOW[kind] ? await SHOW[kind](what, query) : null
    if (mine !== turn) return route()
    if (!shown) fail(`Not in this release: ${what || kind}`, ...(/^[dp][0-9a-f]+$/.test(what) ? await retired(what) : []))
  } catch (error) {
    if (mine !== turn) return
    fail('This can’t be shown', h('p', {}, error instanceof store.Missing
      ? `A file of the release could not be read: ${error.message}. Where only a part of a release was downloaded, the page shows less.`
      : `${error}`))
  }
  view.removeAttribute('aria-busy')
  document.title = `${shown?.title ?? 'Not found'} · ${home}`
  framed(shown)
  if (!shown?.focused) view.querySelector('h1')?.focus({ preventScroll: true })
  if (back !== null) window.scrollTo(0, back)
}

function searchBox () {
  const form = document.getElementById('search')
  const input = document.getElementById('query')
  form.hidden = onDisk
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (input.value.trim()) location.hash = `#/search/${encodeURIComponent(input.value.trim())}`
  })
}

async function versions () {
  if (onDisk) return
  const response = await fetch('../index.json').catch(() => null)
  const index = response?.ok ? await response.json().catch(() => null) : null
  const known = index?.releases?.filter((one) => typeof one.path === 'string' && /^[\w.+-]+$/.test(one.path)) ?? []
  if (known.length < 2) return
  const { version } = release()
  const select = document.getElementById('versions')
  select.append(...known.reverse().map((one) => h('option', { value: one.path, selected: one.version === version }, one.version)))
  select.hidden = false
  document.getElementById('version').hidden = true
  select.addEventListener('change', () => { location.href = `../${select.value}/index.html${location.hash}` })
}

for (const box of document.querySelectorAll('.copied, .snippet pre')) box.after(copyButton(() => box.textContent))
// A link within the page must not be taken for a view.
for (const link of document.querySelectorAll('a.skip')) {
  link.addEventListener('click', (event) => { event.preventDefault(); document.getElementById('content').focus() })
}
searchBox()
versions()
remember()
window.addEventListener('hashchange', route)
window.onrecord = { traffic: store.traffic, ready: route() }
