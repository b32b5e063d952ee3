// A paragraph: every place where it stands, in context, and what looks like it.
import { address, beginning, copyButton, counted, documentLink, fill, h, paragraphLink, percent, theirs, withResidue } from './dom.js'
import { differences } from './diff.js'
import { context, RELATIONS } from './document.js'
import { release } from './facts.js'
import { lookup, parts } from './store.js'

// What stands around a text, without a word that is cut in two.
const AROUND = 160
function cut (text, from) {
  if (!text || text.length < AROUND) return text ?? null
  return from === 'end' ? text.slice(-AROUND).replace(/^\S{1,20}\s/, '') : text.slice(0, AROUND).replace(/\s\S{1,20}$/, '')
}
const where = (place) => [place.published, place.source_id].filter(Boolean).join(', ')

function placeView (place, about) {
  const [name] = RELATIONS[place.relation]
  let own = place.text
  let shown
  if (place.withheld) shown = 'Withheld: this release does not publish the text of this place.'
  else if (place.relation === 'composite') shown = [about.text ?? 'withheld']
  else if (own === null) shown = [about.text]
  else if (about.text === null) shown = [own]
  else shown = differences(about.text, own, 'del', place.relation === 'contained' ? 'span' : 'ins')[1]
  if (own && place.residue) shown = withResidue(own, place.residue)
  return h('li', { class: `place ${place.relation}` },
    h('p', { class: 'label' },
      h('span', { class: `tag ${place.relation}` }, name),
      place.coverage < 1 && place.relation !== 'composite' ? h('span', { class: 'from' }, `covered to ${percent(place.coverage)}`) : null,
      h('span', { class: 'from' }, theirs(where(place))),
      documentLink(place.document_id, place.position, theirs(place.title ?? place.path), `, block ${place.position}`),
      place.url ? address(place.url) : null),
    h('blockquote', { dir: 'auto', lang: place.language },
      place.before ? h('span', { class: 'context' }, `… ${cut(place.before, 'end')} `) : null,
      h('span', { class: 'here' }, shown),
      place.after ? h('span', { class: 'context' }, ` ${cut(place.after)} …`) : null))
}

function variantView (variant, about) {
  const [mine, other] = variant.text === null || about.text === null
    ? [['withheld'], ['withheld']]
    : differences(about.text, variant.text, 'mark', 'mark')
  return h('li', { class: 'alike' },
    h('p', { class: 'label' }, h('span', { class: 'tag variant' }, `other ${variant.difference}`),
      variant.these_words || variant.other_words
        ? h('span', { class: 'from' }, theirs(variant.these_words ?? '(nothing)'), ' / ', theirs(variant.other_words ?? '(nothing)'))
        : null,
      paragraphLink(variant.other_id, 'to the other paragraph')),
    h('div', { class: 'side' },
      h('div', {}, h('p', { class: 'small' }, 'this paragraph'), h('p', { dir: 'auto', class: 'text' }, mine)),
      h('div', {}, h('p', { class: 'small' }, 'the other'), h('p', { dir: 'auto', class: 'text' }, other))))
}

// An address of this very machine leads nobody else anywhere, so it is no part of a citation.
const LOCAL = /^(localhost|127\.[\d.]+|\[::1\])$/

function cite (id, about) {
  const within = `index.html#/paragraph/${id}`
  const local = LOCAL.test(location.hostname)
  const where = local ? `Page within the release: ${within}` : `${location.href.split('#')[0]}#/paragraph/${id}`
  const quoted = about.text ? beginning(about.text, 80) : ''
  const lead = quoted ? `“${quoted}” ` : ''
  const text = `${lead}Paragraph ${id} in: ${release().citation.replace(/ Content digest sha256:\w+\.$/, '')} ${where}`
  return [
    h('h2', {}, 'Cite it'),
    h('div', { class: 'cite' }, h('p', { class: 'copied', id: 'cite-paragraph' }, theirs(text)), copyButton(text)),
    local ? h('p', { class: 'small' }, 'You look at it on your own machine. Where the release is published, the citation has its web address.') : null]
}

async function single (id, about) {
  const found = await context(about.document_id, about.position)
  if (!found) return []
  const of = found.about ?? await lookup('documents', 'document_id', about.document_id)
  return [{
    document_id: about.document_id, position: about.position, relation: 'canonical', coverage: 1, text: null,
    withheld: about.text === null, before: found.before, after: found.after, source_id: of?.source_id ?? '', path: of?.path ?? about.document_id,
    title: of?.title, published: of?.published, url: of?.url, language: of?.language
  }]
}

export async function show (view, id) {
  const all = parts('paragraphs', id)
  let part = (await all.next()).value
  if (!part) return null
  const { about } = part
  const places = h('ul', { class: 'places' })
  const variants = h('ul', { class: 'variants' })
  const more = h('button', { type: 'button', class: 'more', hidden: true }, 'Show more places')
  const add = async () => {
    const found = part.places ?? (part.about && !places.children.length ? await single(id, about) : [])
    places.append(...found.map((place) => placeView(place, about)))
    variants.append(...(part.variants ?? []).map((variant) => variantView(variant, about)))
    more.hidden = part.last
  }
  more.addEventListener('click', async () => { part = (await all.next()).value; await add() })
  await add()
  const stands = `${counted(about.n_occurrences, 'place')}, in ${counted(about.n_documents, 'document')} of ${counted(about.n_sources, 'source')}`
  fill(view,
    h('p', { class: 'kicker' }, 'Paragraph'),
    h('h1', { tabindex: '-1', class: 'idline' }, h('code', {}, id)),
    h('blockquote', { class: 'wording', dir: 'auto', lang: about.language },
      about.text ?? 'Withheld: this release does not publish the text of this paragraph.'),
    h('p', { class: 'label' }, about.boilerplate ? h('span', { class: 'tag boilerplate' }, 'boilerplate') : null,
      h('span', { class: 'from' }, `${counted(about.n_tokens, 'token')}, language ${about.language ?? 'not known'}, published since release ${about.first_release}`)),
    h('h2', {}, `Where it stands: ${stands}`),
    h('p', { class: 'small' }, 'With the text before and after it. That a source printed it does not say that it is true.'),
    places, more,
    variants.children.length ? h('h2', {}, 'Looks alike and is kept apart') : null,
    variants.children.length ? h('p', { class: 'small' }, 'These texts differ in a number, a date, a name, a negation or other words, so they were not merged.') : null,
    variants,
    cite(id, about)
  )
  return { title: about.text ? beginning(about.text, 60) : id }
}
