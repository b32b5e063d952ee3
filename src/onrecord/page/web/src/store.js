// Read view files by range requests: the directory once, then one footer and one row group.
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { decompress } from 'fzstd'

const compressors = { ZSTD: (input, length) => decompress(input, new Uint8Array(length)) }
const wholes = new Map()
const remembered = new Map()
/** How many bytes came over the wire, for whoever measures. */
export const traffic = { bytes: 0, requests: 0 }

export class Missing extends Error {}

async function once (key, make) {
  if (!remembered.has(key)) {
    remembered.set(key, make().catch((error) => { remembered.delete(key); throw error }))
    if (remembered.size > 400) remembered.delete(remembered.keys().next().value)
  }
  return remembered.get(key)
}

async function get (path, range) {
  const response = await fetch(path, range ? { headers: { Range: `bytes=${range}` } } : {})
  if (!response.ok) throw new Missing(`${path}: the server says ${response.status}`)
  const buffer = await response.arrayBuffer()
  traffic.bytes += buffer.byteLength
  traffic.requests += 1
  return { buffer, partial: response.status === 206, total: Number(/\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1] ?? buffer.byteLength) }
}

// A server that knows no ranges sends the whole file: it is kept and cut here.
async function slice (path, start, end) {
  if (wholes.has(path)) return wholes.get(path).slice(start, end)
  const { buffer, partial } = await get(path, `${start}-${end - 1}`)
  if (partial) return buffer
  wholes.set(path, buffer)
  return buffer.slice(start, end)
}

async function tail (path, length) {
  const { buffer, partial, total } = await get(path, `-${length}`)
  if (!partial) wholes.set(path, buffer)
  return { buffer, total }
}

/** A Parquet file; its size and the length of its footer are asked for where not known. */
async function open (path, size, footer) {
  return once(path, async () => {
    let bytes = size
    let end
    if (size) end = await slice(path, size - footer, size)
    else {
      ({ buffer: end, total: bytes } = await tail(path, 65536))
      const needed = new DataView(end).getUint32(end.byteLength - 8, true) + 8
      if (needed > end.byteLength) end = await slice(path, bytes - needed, bytes)
    }
    const metadata = parquetMetadata(end)
    let at = 0
    const groups = metadata.row_groups.map((group) => {
      const rows = Number(group.num_rows)
      const statistics = group.columns[0].meta_data.statistics
      const found = { start: at, end: at + rows, min: statistics?.min_value, max: statistics?.max_value }
      at += rows
      return found
    })
    return { path, bytes, metadata, groups, rows: at, file: { byteLength: bytes, slice: (a, b = bytes) => slice(path, a, b) } }
  })
}

async function read (file, start, end) {
  return once(`${file.path}#${start}-${end}`, () => parquetReadObjects({
    file: file.file, metadata: file.metadata, rowStart: start, rowEnd: end, compressors, utf8: false
  }))
}

export const directory = () => once('view/view.json', async () => {
  const { buffer } = await get('view/view.json')
  return JSON.parse(new TextDecoder().decode(buffer))
})

const shard = (family, number, entry) =>
  open(`view/${family}/${String(number).padStart(5, '0')}.parquet`, entry[2], entry[3])

/** Rows of a family whose key is one value, in their order, read as far as they are wanted. */
async function * rowsOf (family, key, value) {
  const entries = (await directory())[family]
  let low = 0
  let high = entries.length
  while (low < high) { // the first file that begins with the key or behind it
    const middle = (low + high) >> 1
    if (entries[middle][0] < value) low = middle + 1
    else high = middle
  }
  for (let at = Math.max(0, low - 1); at < entries.length && entries[at][0] <= value; at++) {
    const file = await shard(family, at, entries[at])
    for (const group of file.groups) {
      if (group.min <= value && value <= group.max) {
        for (const row of await read(file, group.start, group.end)) if (row[key] === value) yield row
      }
    }
  }
}

/** The parts of a document or paragraph. */
export async function * parts (family, id) {
  for await (const row of rowsOf(family, 'id', id)) yield JSON.parse(row.record)
}

export async function first (family, id) {
  for await (const part of parts(family, id)) return part
  return null
}

/** The row of the search index for a word, null where no paragraph has it. */
export async function term (word) {
  for await (const row of rowsOf('search', 'word', word)) return row
  return null
}

/** A paragraph by the number of its row. */
export async function paragraphAt (row) {
  const entries = (await directory()).paragraphs
  let at = 0
  let before = 0
  while (row >= before + entries[at][1]) before += entries[at++][1]
  const file = await shard('paragraphs', at, entries[at])
  const group = file.groups.find((one) => row - before < one.end)
  const found = (await read(file, group.start, group.end))[row - before - group.start]
  return { id: found.id, ...JSON.parse(found.record) }
}

/** The first rows of a table. */
export async function firstRows (table) {
  const file = await open(`view/tables/${table}.parquet`)
  return { columns: columns(file), rows: file.rows ? await read(file, 0, file.rows) : [] }
}

// A table is one file, or several parts. Of these the directory says the first key and the sizes.
async function filesOf (name) {
  const parts = (await directory()).tables[name].parts
  if (!parts) return [{ open: () => open(`parquet/${name}.parquet`) }]
  return parts.map(([first, , bytes, footer], i) => ({
    first,
    bytes,
    open: () => open(`parquet/${name}/${name}-${String(i + 1).padStart(5, '0')}.parquet`, bytes, footer)
  }))
}

/** A table, not read yet: how large it is, and all of its rows. */
export async function table (name) {
  const files = await filesOf(name)
  const bytes = files.length > 1 ? files.reduce((sum, one) => sum + one.bytes, 0) : (await files[0].open()).bytes
  return {
    bytes,
    async rows () {
      const found = []
      for (const one of files) {
        const file = await one.open()
        found.push(await read(file, 0, file.rows))
      }
      return found.flat()
    }
  }
}

const columns = (file) => file.metadata.schema.slice(1).map((column) => column.name)

/** A row of a table that is sorted by a key, null where there is none. */
export async function lookup (name, key, value) {
  const files = await filesOf(name)
  let at = files.length - 1
  while (at > 0 && files[at].first > value) at--
  const file = await files[at].open()
  for (const [number, group] of file.groups.entries()) {
    const column = file.metadata.row_groups[number].columns.find((one) => one.meta_data.path_in_schema[0] === key)
    const { min_value: min, max_value: max } = column?.meta_data.statistics ?? {}
    if (min === undefined || (min <= value && value <= max)) {
      const found = (await read(file, group.start, group.end)).find((row) => row[key] === value)
      if (found) return found
    }
  }
  return null
}
