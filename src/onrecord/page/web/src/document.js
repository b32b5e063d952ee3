// A document as it was printed: every block, and what became of it.
import { address, beginning, counted, fill, h, number, paragraphLink, percent, theirs, withResidue } from './dom.js'
import { differences } from './diff.js'
import { parts } from './store.js'
import { sourceTitle } from './facts.js'

export const RELATIONS = {
  canonical: ['kept', 'It gives its paragraph the wording.'],
  exact: ['exact repeat', 'It has the same words as its paragraph.'],
  near: ['near repeat', 'It has nearly the same words as its paragraph; the words that differ are marked.'],
  contained: ['contained', 'A longer paragraph covers it.'],
  composite: ['composite', 'It is made of several paragraphs.']
}

/** Where the bytes of a text begin and end, in characters. */
function spans (text, start, cuts) {
  const encoder = new TextEncoder()
  const found = []
  let bytes = start
  let at = 0
  for (const character of text) {
    if (cuts.has(bytes)) found.push(at)
    bytes += encoder.encode(character).length
    at += character.length
  }
  return found
}

function words (block, about) {
  const text = block.text
  if (block.relation === 'composite' && block.parts && about.encoding === 'utf-8') {
    const cuts = spans(text, block.byte_start, new Set(block.parts.slice(1).map((part) => part.byte_start)))
    return [0, ...cuts].map((start, i) => h('span', { class: i % 2 ? 'part odd' : 'part' }, text.slice(start, [0, ...cuts][i + 1])))
  }
  if (block.residue) return withResidue(text, block.residue)
  if (block.relation === 'near' && block.paragraph) return differences(block.paragraph, text, 'del', 'ins')[1]
  return [text]
}

function evidence (block) {
  if (block.relation === 'canonical') return null
  const lines = []
  if (block.relation === 'composite') {
    return h('details', { class: 'evidence', dir: 'ltr' }, h('summary', {}, `the ${counted(block.parts?.length ?? 0, 'paragraph')} it is made of`),
      (block.parts ?? []).map((part) => h('div', { class: 'lean' }, h('p', { dir: 'auto' }, part.text ?? 'withheld'),
        h('p', { class: 'small' }, paragraphLink(part.paragraph_id, 'to this paragraph')))))
  }
  if (block.paragraph !== null && block.text !== null) {
    const [theirWords] = differences(block.paragraph, block.text, block.relation === 'contained' ? 'span' : 'del')
    lines.push(h('p', { dir: 'auto', class: `text ${block.relation}` }, theirWords))
  } else if (block.same) lines.push(h('p', { class: 'small' }, 'Word for word the same, to the last character.'))
  const share = block.relation === 'exact' ? '' : `It covers ${percent(block.coverage)} of this block. `
  const own = block.repeats_itself ? 'The block ends with a second copy of a part of itself. ' : ''
  lines.push(h('p', { class: 'small' }, share, own, paragraphLink(block.paragraph_id, 'To this paragraph')))
  return h('details', { class: 'evidence', dir: 'ltr' }, h('summary', {}, 'the paragraph that stands for it'), h('div', { class: 'lean' }, lines))
}

function blockView (block, about) {
  const [name, why] = RELATIONS[block.relation]
  const kind = `block ${block.relation}${block.boilerplate ? ' boilerplate' : ''}${block.withheld ? ' withheld' : ''}`
  const others = block.n_documents > 1 ? `in ${counted(block.n_documents, 'document')}` : ''
  const label = h('p', { class: 'label' },
    h('span', { class: `tag ${block.relation}`, title: why }, name),
    block.boilerplate ? h('span', { class: 'tag boilerplate', title: 'It stands in many documents of this source.' }, 'boilerplate') : null,
    block.residue ? h('span', { class: 'tag residue', title: 'Words that no paragraph covers are marked.' }, 'residue') : null,
    block.paragraph_id
      ? paragraphLink(block.paragraph_id, block.relation === 'canonical' ? (others || 'paragraph') : (others ? `its paragraph, ${others}` : 'its paragraph'))
      : null)
  const text = block.text === null
    ? h('p', { class: 'text' }, `Withheld: ${counted(block.byte_end - block.byte_start, 'byte')} that this release does not publish.`)
    : h('p', { class: 'text', lang: about.language }, words(block, about))
  return h('section', { class: kind, id: `block-${block.position}`, tabindex: '-1', 'aria-label': `Block ${block.position}: ${name}` },
    h('div', { class: 'body', dir: 'auto' }, text, evidence(block)), label)
}

function facts (id, about, source) {
  const rows = [
    ['source', theirs(source ? `${source.title} (${about.source_id})` : about.source_id)],
    ['file', theirs(about.locator ? `${about.path}, ${about.locator}` : about.path)],
    about.url ? ['address', address(about.url)] : null,
    ['published', about.published ?? 'the source does not say'],
    about.retrieved ? ['retrieved', about.retrieved] : null,
    ['language', about.language ?? 'not known'],
    ['size', `${counted(about.bytes, 'byte')}, ${about.encoding}, read by ${about.reader}`],
    ['id', h('code', {}, id)],
    about.revision ? ['sha256', h('code', { class: 'digest' }, about.revision)] : null
  ]
  return h('dl', { class: 'facts' }, rows.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))))
}

const heading = (about, blocks) =>
  beginning(about.title ?? blocks?.find((block) => block.text)?.text ?? about.path, 110)

export async function show (view, id, query) {
  const all = parts('documents', id)
  let part = (await all.next()).value
  if (!part) return null
  const { about } = part
  const source = await sourceTitle(about.source_id)
  const title = heading(about, part.blocks)
  const list = h('div', { class: 'printed' })
  const legend = h('div', { class: 'legend row' })
  const counts = {}
  const more = h('button', { type: 'button', class: 'more', hidden: true }, 'Show the rest of the document')
  const add = () => {
    for (const block of part.blocks ?? []) {
      list.append(blockView(block, about))
      counts[block.relation] = (counts[block.relation] ?? 0) + 1
      if (block.boilerplate) counts.boilerplate = (counts.boilerplate ?? 0) + 1
      if (block.residue) counts.residue = (counts.residue ?? 0) + 1
    }
    more.hidden = part.last
    legend.replaceChildren(...Object.entries({ ...RELATIONS, boilerplate: ['boilerplate'], residue: ['with residue'] })
      .filter(([name]) => counts[name])
      .map(([name, [words]]) => h('span', { class: `tag ${name}` }, `${words} ${number(counts[name])}`)))
  }
  more.addEventListener('click', async () => { part = (await all.next()).value; add() })
  add()
  while (query.block !== undefined && !list.querySelector(`#block-${CSS.escape(query.block)}`) && !part.last) {
    part = (await all.next()).value
    add()
  }
  const only = h('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false' }, 'Fade repeats')
  only.addEventListener('click', () => {
    const on = list.classList.toggle('faded')
    only.setAttribute('aria-pressed', String(on))
  })
  fill(view,
    h('p', { class: 'kicker' }, 'Document, as it was printed'),
    h('h1', { tabindex: '-1', dir: 'auto', lang: about.language, class: title.length > 60 ? 'long' : null }, title),
    facts(id, about, source),
    h('div', { class: 'tools' }, legend, about.n_blocks > about.n_paragraphs || counts.boilerplate ? only : null),
    list, more,
    h('p', { class: 'small' }, `${counted(about.n_blocks, 'block')} stand for ${counted(about.n_paragraphs, 'paragraph')}. `,
      about.restores === 'file' ? `onrecord restore ${id} gives back the file byte for byte.` : ''),
  )
  if (query.block !== undefined) {
    const target = list.querySelector(`#block-${CSS.escape(query.block)}`)
    if (target) { target.classList.add('target'); target.scrollIntoView({ block: 'center' }); target.focus({ preventScroll: true }) }
  }
  return { title, focused: query.block !== undefined }
}

/** The blocks before and after one, for a paragraph that stands in one place alone. */
export async function context (id, position) {
  for await (const part of parts('documents', id)) {
    const blocks = part.blocks ?? []
    const at = blocks.findIndex((block) => block.position === position)
    if (at >= 0) return { about: part.about, before: blocks[at - 1]?.text ?? null, after: blocks[at + 1]?.text ?? null, part: at }
  }
  return null
}
