// Bundle the scripts of the page into ../assets/: one classic script, because browsers load no
// modules from a disk, and the licences of the libraries in it.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const here = new URL('./', import.meta.url)
const assets = new URL('../assets/', here)
const read = (path) => readFileSync(new URL(path, here), 'utf8')

await build({
  absWorkingDir: new URL('.', here).pathname,
  entryPoints: ['src/main.js'],
  bundle: true,
  minify: true,
  charset: 'utf8',
  format: 'iife',
  target: ['chrome112', 'firefox116', 'safari17'],
  legalComments: 'none',
  banner: { js: '/* The page of an Onrecord release. Licences of the libraries in it: LICENSES.txt */' },
  outfile: new URL('page.js', assets).pathname
})

const libraries = Object.entries(JSON.parse(read('package.json')).dependencies)
const licences = libraries.map(([name, version]) =>
  `${name} ${version}\n\n${read(`node_modules/${name}/LICENSE`).trim()}\n`)
writeFileSync(new URL('LICENSES.txt', assets),
  `page.js contains these libraries.\n\n${licences.join('\n----\n\n')}`)

// What the bundle was made from: a test compares it with the sources that are here.
const names = ['build.mjs', 'package.json', ...readdirSync(new URL('src/', here)).sort().map((n) => `src/${n}`)]
const digest = createHash('sha256')
for (const name of names) digest.update(`${name}\0${read(name)}\0`)
writeFileSync(new URL('sources.sha256', assets), `${digest.digest('hex')}\n`)
