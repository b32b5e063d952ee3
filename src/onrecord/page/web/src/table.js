// The rows of a table: the first ones at once, all of them where they are asked for.
import { counted, documentLink, h, number, paragraphLink, size } from './dom.js'
import { directory, firstRows, table } from './store.js'

const STEP = 100
// A longer cell is wide enough to be read.
const SHORT = 40
const SMALL = 2_000_000
const LARGEST = 60_000_000

function cell (value, cutAt) {
  if (value === null || value === undefined) return h('td', { class: 'null' }, h('span', { title: 'null: nothing' }, '–'))
  if (typeof value === 'bigint' || typeof value === 'number') return h('td', { class: 'n' }, String(value))
  if (typeof value === 'boolean') return h('td', {}, value ? 'true' : 'false')
  if (/^d[0-9a-f]{16}$/.test(value)) return h('td', { class: 'id' }, documentLink(value, undefined, value))
  if (/^p[0-9a-f]{20}$/.test(value)) return h('td', { class: 'id' }, paragraphLink(value, value))
  const shown = value.length > 240 ? `${value.slice(0, 240)} …` : value
  const kind = /^[0-9a-f]{64}$/.test(value) ? 'hash' : value.length > SHORT ? 'words' : null
  const text = h('td', { class: kind, dir: 'auto' }, shown)
  if (value.length > 240) {
    const whole = h('button', { type: 'button', class: 'quiet' }, 'whole cell')
    whole.addEventListener('click', () => {
      text.textContent = value + (cutAt && value.length >= cutAt ? ' … (cut here; load all rows for the rest)' : '')
    })
    text.append(' ', whole)
  }
  return text
}

const compare = (a, b) => a === b ? 0 : a === null || a === undefined ? 1 : b === null || b === undefined ? -1 : a < b ? -1 : 1

export async function show (view, name, query) {
  const about = (await directory()).tables[name]
  if (!about) return null
  let { columns, rows } = await firstRows(name)
  let all = about.first >= about.rows
  let cutAt = all ? 0 : (await directory()).cell
  let sorted = null
  let shown = STEP
  const wanted = Object.entries(query).filter(([column]) => columns.includes(column))
  const filter = h('input', { type: 'search', id: 'filter', dir: 'auto', autocomplete: 'off' })
  const status = h('p', { class: 'small', role: 'status' })
  const body = h('tbody')
  const more = h('button', { type: 'button', class: 'more' }, 'Show more rows')
  const load = h('button', { type: 'button', class: 'quiet', hidden: true })
  const heads = columns.map((column) => {
    const button = h('button', { type: 'button' }, column)
    const head = h('th', { scope: 'col', 'aria-sort': 'none' }, button)
    button.addEventListener('click', () => {
      sorted = { column, down: sorted?.column === column && !sorted.down }
      for (const other of heads) other.setAttribute('aria-sort', 'none')
      head.setAttribute('aria-sort', sorted.down ? 'descending' : 'ascending')
      draw()
    })
    return head
  })
  function draw () {
    const words = filter.value.toLowerCase().trim()
    let found = rows.filter((row) => wanted.every(([column, value]) => String(row[column]) === value))
    if (words) found = found.filter((row) => columns.some((column) => row[column] !== null && String(row[column]).toLowerCase().includes(words)))
    if (sorted) {
      found = [...found].sort((a, b) => {
        const order = compare(a[sorted.column], b[sorted.column])
        const empty = a[sorted.column] === null || b[sorted.column] === null
        return sorted.down && !empty ? -order : order
      })
    }
    body.replaceChildren(...found.slice(0, shown).map((row) => h('tr', {}, columns.map((column) => cell(row[column], cutAt)))))
    more.hidden = found.length <= shown
    const only = wanted.map(([column, value]) => `${column} is ${value}`).join(', ')
    const scope = all ? `all ${number(about.rows)}` : `the first ${number(rows.length)} of ${number(about.rows)}`
    const narrowed = only || words ? `${counted(found.length, 'row')} ${only ? `where ${only} ` : ''}found among ` : ''
    status.textContent = `${narrowed}${scope} rows${all ? '' : '. Filter and sort work on these'}.`
  }
  async function whole (automatic) {
    const file = await table(name)
    if (automatic ? file.bytes > SMALL : file.bytes > LARGEST) {
      load.hidden = file.bytes > LARGEST
      load.textContent = `Load all ${number(about.rows)} rows (${size(file.bytes)})`
      return
    }
    load.disabled = true
    rows = await file.rows()
    all = true
    cutAt = 0
    load.hidden = true
    draw()
  }
  more.addEventListener('click', () => { shown += STEP; draw() })
  load.addEventListener('click', () => whole(false))
  filter.addEventListener('input', () => { shown = STEP; draw() })
  draw()
  if (!all) {
    load.hidden = false
    load.textContent = `Load all ${number(about.rows)} rows`
    if (wanted.length) await whole(true)
  }
  const described = document.querySelector(`details a[href="#/table/${CSS.escape(name)}"]`)?.closest('details')
  const files = about.parts
    ? ['CSV and Parquet in ', `${number(about.parts.length)} parts each, listed under `, h('a', { href: '#downloads' }, 'Downloads')]
    : [h('a', { href: `csv/${name}.csv`, download: true }, 'CSV'), ' · ', h('a', { href: `parquet/${name}.parquet`, download: true }, 'Parquet')]
  view.replaceChildren(
    h('p', { class: 'kicker' }, 'Table'),
    h('h1', { tabindex: '-1' }, name),
    h('p', { class: 'lede' }, described?.querySelector('p')?.textContent ?? ''),
    h('p', {}, files, ' · ',
      h('a', { href: '#tables' }, 'what the columns mean')),
    h('div', { class: 'tools' }, h('label', { for: 'filter' }, 'Filter'), filter, load),
    status,
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Rows of ${name}` },
      h('table', { class: 'data' }, h('thead', {}, h('tr', {}, heads)), body)),
    more
  )
  return { title: `Table ${name}` }
}
