// Which words of two texts differ: the longest common run of folded words, where that is cheap.
import { h } from './dom.js'
import { pieces, words } from './words.js'

const MOST = 4_000_000

function aligned (one, other) {
  const a = one.flatMap((piece, i) => piece.key ? [i] : [])
  const b = other.flatMap((piece, i) => piece.key ? [i] : [])
  const same = (i, j) => one[a[i]].key === other[b[j]].key
  let start = 0
  while (start < a.length && start < b.length && same(start, start)) start++
  let endA = a.length
  let endB = b.length
  while (endA > start && endB > start && same(endA - 1, endB - 1)) { endA--; endB-- }
  const common = []
  for (let i = 0; i < start; i++) common.push([a[i], b[i]])
  const n = endA - start
  const m = endB - start
  if (n * m > MOST) return null
  const width = m + 1
  const lengths = new Uint32Array((n + 1) * width)
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      lengths[i * width + j] = same(start + i, start + j)
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
    }
  }
  for (let i = 0, j = 0; i < n && j < m;) {
    if (same(start + i, start + j)) common.push([a[start + i++], b[start + j++]])
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++
    else j++
  }
  for (let i = endA, j = endB; i < a.length; i++, j++) common.push([a[i], b[j]])
  return common
}

// Pieces that are marked stand together in one mark, with what is between them.
function marked (list, common, mark) {
  const out = []
  let run = null
  let plain = ''
  const flush = () => { if (plain) out.push(plain); plain = '' }
  const close = () => {
    if (!run) return
    const rest = run.at(-1).key ? '' : run.pop().text
    flush()
    out.push(mark(run.map((piece) => piece.text).join('')))
    plain = rest
    run = null
  }
  list.forEach((piece, i) => {
    if (piece.key && !common.has(i)) run ? run.push(piece) : (run = [piece])
    else if (!piece.key && run) run.push(piece)
    else { close(); plain += piece.text }
  })
  close()
  flush()
  return out
}

/** Two texts as nodes, with the words marked that only one of them has. */
export function differences (one, other, left = 'del', right = 'ins') {
  const a = pieces(one)
  const b = pieces(other)
  const common = aligned(a, b)
  if (!common) return [[one], [other]]
  const mark = (name) => (text) => h(name, { class: 'differs' }, text)
  return [
    marked(a, new Set(common.map(([i]) => i)), mark(left)),
    marked(b, new Set(common.map(([, j]) => j)), mark(right))
  ]
}

/** A text as nodes, with some words of a query marked. */
export function found (text, wanted) {
  return pieces(text).map((piece) => piece.key && words(piece.text).some((word) => wanted.has(word)) ? h('mark', {}, piece.text) : piece.text)
}
