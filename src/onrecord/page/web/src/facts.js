// What the page itself says of the release, from its own HTML.
import { firstRows } from './store.js'

const text = (selector) => document.querySelector(selector)?.textContent ?? ''

export const release = () => ({
  title: text('.home'),
  version: text('#version'),
  date: text('.masthead time'),
  citation: text('#cite-text')
})

export async function sourceTitle (id) {
  try {
    return (await firstRows('sources')).rows.find((row) => row.source_id === id) ?? null
  } catch {
    return null
  }
}
