// Search: the postings of each word, then the texts of the first paragraphs that have all.
import { counted, h, number, paragraphLink } from './dom.js'
import { found } from './diff.js'
import { directory, paragraphAt, term } from './store.js'
import { words } from './words.js'

const STEP = 10

function rowsOf (entry) {
  const out = []
  let row = 0
  let value = 0
  let shift = 0
  for (const byte of entry.rows) {
    value += (byte & 0x7f) * 2 ** shift
    if (byte & 0x80) shift += 7
    else { row += value; out.push(row); value = 0; shift = 0 }
  }
  return out
}

function both (one, other) {
  const out = []
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    if (one[i] === other[j]) { out.push(one[i++]); j++ } else if (one[i] < other[j]) i++
    else j++
  }
  return out
}

function resultView (result, wanted) {
  const { about } = result
  const text = about.text ?? ''
  const long = text.length > 600
  const stands = about.n_occurrences > 1 ? `in ${counted(about.n_occurrences, 'place')} of ${counted(about.n_documents, 'document')}` : 'in one place'
  return h('li', { class: 'result' },
    h('p', { class: 'text', dir: 'auto', lang: about.language }, found(long ? around(text, wanted) : text, wanted)),
    h('p', { class: 'label' }, paragraphLink(result.id, 'where it stands'), h('span', { class: 'from' }, stands),
      about.boilerplate ? h('span', { class: 'tag boilerplate' }, 'boilerplate') : null))
}

function around (text, wanted) {
  const lower = text.toLowerCase()
  const at = Math.max(0, Math.min(...[...wanted].map((word) => lower.indexOf(word)).map((i) => i < 0 ? text.length : i)))
  const start = at < text.length && at > 200 ? at - 160 : 0
  return `${start ? '… ' : ''}${text.slice(start, start + 560)}${start + 560 < text.length ? ' …' : ''}`
}

export async function show (view, typed) {
  const { longest } = await directory()
  const wanted = [...new Set(words(typed, longest))]
  const list = h('ol', { class: 'results' })
  const status = h('p', { class: 'lede', role: 'status' })
  const more = h('button', { type: 'button', class: 'more', hidden: true }, 'Show more')
  view.replaceChildren(h('p', { class: 'kicker' }, 'Search'), h('h1', { tabindex: '-1', dir: 'auto' }, typed || 'Nothing to search for'), status, list, more)
  const title = { title: `Search: ${typed}` }
  if (!wanted.length) { status.textContent = 'Type a word or several: paragraphs that have all of them are found.'; return title }
  const entries = await Promise.all(wanted.map(term))
  const missing = wanted.filter((_, i) => !entries[i])
  if (missing.length) {
    status.textContent = `No paragraph has ${missing.map((word) => `“${word}”`).join(' and ')}. Only published text is searched.`
    return title
  }
  entries.sort((a, b) => a.paragraphs - b.paragraphs)
  const lists = entries.map((entry) => ({ rows: rowsOf(entry), whole: entry.paragraphs, word: entry.word }))
  const rare = lists.filter((one) => one.rows.length === one.whole)
  // Common words have no full list: they are looked for in the texts that the others found.
  const common = lists.filter((one) => one.rows.length < one.whole).map((one) => one.word)
  const rows = rare.length ? rare.map((one) => one.rows).reduce(both) : lists[0].rows
  const check = rare.length ? common : common.slice(1)
  const mark = new Set(wanted)
  let at = 0
  let shown = 0
  async function next () {
    more.disabled = true
    let added = 0
    for (let looked = 0; added < STEP && at < rows.length && looked < 4 * STEP;) {
      const some = await Promise.all(rows.slice(at, at + STEP).map(paragraphAt))
      at += some.length
      looked += some.length
      for (const result of some) {
        const has = new Set(check.length ? words(result.about.text ?? '', longest) : [])
        if (check.every((word) => has.has(word))) { list.append(resultView(result, mark)); added++ }
      }
    }
    shown += added
    more.disabled = false
    more.hidden = at >= rows.length
    const total = check.length ? `at most ${number(rows.length)}` : number(rows.length)
    status.textContent = rare.length || lists.length > 1
      ? `${rows.length === 1 && !check.length ? 'One paragraph has' : `${total} paragraphs have`} ${wanted.length > 1 ? 'all of these words' : 'this word'}. Shown: ${number(shown)}, in no particular order.`
      : common.length
        ? `This word stands in ${number(lists[0].whole)} paragraphs. The first ${number(rows.length)} can be shown; add another word to find fewer.`
        : ''
    if (!rows.length) status.textContent = 'Each of these words is there, but no paragraph has all of them.'
  }
  more.addEventListener('click', next)
  await next()
  return title
}
