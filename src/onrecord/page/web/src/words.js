// Words as they are searched; `onrecord/page/terms.py` folds the same way.
const SAME = { 'ي': 'ی', 'ى': 'ی', 'ك': 'ک', 'ٱ': 'ا', 'ς': 'σ' }
const ALONE = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`
const WORD = new RegExp(String.raw`[[${ALONE}]&&[\p{L}\p{N}]]|\p{N}+|[\p{L}--[${ALONE}]]+`, 'gv')

export function fold (text) {
  return text.normalize('NFKD').toLowerCase().replace(/[\p{Mn}\p{Cf}]/gu, '')
    .replace(/[يىكٱς]/gu, (letter) => SAME[letter])
}

export function words (text, longest = 40) {
  return (fold(text).match(WORD) ?? []).map((word) => [...word].slice(0, longest).join(''))
}

// A text as pieces that join to it: words, each folded, and what stands between them.
const PIECE = /[\p{L}\p{N}\p{M}\p{Cf}]+/gu

export function pieces (text) {
  const found = []
  let at = 0
  for (const match of text.matchAll(PIECE)) {
    if (match.index > at) found.push({ text: text.slice(at, match.index), key: '' })
    // Scripts without spaces: each character for itself.
    if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u.test(match[0])) {
      for (const one of match[0]) found.push({ text: one, key: fold(one) || one })
    } else found.push({ text: match[0], key: fold(match[0]) })
    at = match.index + match[0].length
  }
  if (at < text.length) found.push({ text: text.slice(at), key: '' })
  return found
}
