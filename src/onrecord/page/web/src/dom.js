// Elements are made here alone, and text becomes text alone: nothing is ever parsed as HTML.
export function fill (element, ...children) {
  element.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ''))
}

export function h (name, attributes = {}, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    if (key === 'class') element.className = value
    else if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
    else element.setAttribute(key, value === true ? '' : value)
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ''))
  return element
}

/** The beginning of a text on one line, cut between words. */
export function beginning (text, most) {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line.length <= most) return line
  const cut = line.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')
  return `${cut.includes(' ') ? cut.replace(/\s\S*$/, '') : cut} …`
}

/** A text as nodes, with its residue marked: whole words where there are such. */
export function withResidue (text, residue) {
  const out = []
  let at = 0
  const letter = /[\p{L}\p{N}]/u
  for (const run of residue.split(' … ')) {
    let found = text.indexOf(run, at)
    for (let next = found; next >= 0; next = text.indexOf(run, next + 1)) {
      const glued = (letter.test(text[next - 1] ?? '') && letter.test(run[0])) ||
        (letter.test(text[next + run.length] ?? '') && letter.test(run.at(-1)))
      if (!glued) { found = next; break }
    }
    if (found < 0) continue
    out.push(text.slice(at, found), h('mark', { class: 'residue', title: 'Residue: no paragraph covers these words' }, run))
    at = found + run.length
  }
  return [...out, text.slice(at)]
}

export const number = (n) => Number(n).toLocaleString('en')
export const percent = (share) => `${(100 * share).toLocaleString('en', { maximumFractionDigits: 1 })}%`
export const counted = (n, one, many = `${one}s`) => `${number(n)} ${Number(n) === 1 ? one : many}`

export function size (bytes) {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB']
  let at = -1
  do { bytes /= 1000; at += 1 } while (bytes >= 999.5 && at < 2)
  return `${bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${units[at]}`
}

// Words of others in a line of ours: their direction stays theirs.
export const theirs = (text, attributes = {}) => h('bdi', { dir: 'auto', ...attributes }, text)

export const documentLink = (id, position, ...children) =>
  h('a', { href: `#/document/${id}${position === undefined ? '' : `?block=${position}`}` }, ...children)
export const paragraphLink = (id, ...children) => h('a', { href: `#/paragraph/${id}` }, ...children)

export function address (url) {
  return /^https?:\/\//i.test(url ?? '') ? h('a', { href: url, rel: 'noopener noreferrer nofollow' }, theirs(url)) : theirs(url ?? '')
}

export function copyButton (text) {
  const button = h('button', { type: 'button', class: 'copy' }, 'Copy')
  button.addEventListener('click', async () => {
    const what = typeof text === 'function' ? text() : text
    try {
      await navigator.clipboard.writeText(what)
    } catch { // not allowed on this host: by the old way
      const area = h('textarea', { class: 'hidden', 'aria-hidden': 'true' })
      area.value = what
      document.body.append(area)
      area.select()
      document.execCommand('copy')
      area.remove()
    }
    button.textContent = 'Copied'
    setTimeout(() => { button.textContent = 'Copy' }, 2000)
  })
  return button
}
