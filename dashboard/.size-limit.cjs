// What a page loads is read from the build's manifest: a chunk that is added counts by itself.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const built = join(__dirname, '../core/parlour/static/dashboard');
const manifest = JSON.parse(readFileSync(join(built, '.vite/manifest.json'), 'utf8'));

function load(name, found) {
  if (found.has(name)) return found;
  found.add(name);
  for (const imported of manifest[name].imports ?? []) load(imported, found);
  return found;
}

function chunksOf(names) {
  const found = new Set();
  for (const name of names) load(name, found);
  return [...found];
}

const files = (names) => names.map((name) => join(built, manifest[name].file));

const entry = 'index.html';
const routes = Object.keys(manifest).filter((name) => manifest[name].isDynamicEntry);
const inbox = routes.filter((name) =>
  /_member\.tsx|p\.\$projectId\.tsx|_inbox/u.test(manifest[name].src ?? name),
);
const styles = Object.values(manifest).flatMap(({ css = [] }) => css);

module.exports = [
  { name: 'entry', path: files(chunksOf([entry])), limit: '120 kB', gzip: true },
  {
    name: 'inbox with a conversation open',
    path: files(chunksOf([entry, ...inbox])),
    limit: '240 kB',
    gzip: true,
  },
  {
    name: 'styles',
    path: [...new Set(styles)].map((file) => join(built, file)),
    limit: '20 kB',
    gzip: true,
  },
];
