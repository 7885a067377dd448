import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vite';

const OUT_DIR = join(import.meta.dirname, '../core/parlour/static/widget');

/** The name the app was built under, which the loader has to know. */
function findAppFile(): string {
  const found = readdirSync(OUT_DIR).find((name) => /^app-.+\.js$/.test(name));
  if (!found) throw new Error('Build the app before the loader: npm run build does both.');
  return found;
}

/** What the customer's page runs: one classic script, always under the same name. */
export default defineConfig({
  define: { __APP_FILE__: JSON.stringify(findAppFile()) },
  build: {
    outDir: OUT_DIR,
    emptyOutDir: false,
    target: 'es2022',
    cssMinify: 'lightningcss',
    modulePreload: false,
    lib: {
      entry: 'src/loader.ts',
      formats: ['iife'],
      name: 'parlour',
      fileName: () => 'loader.js',
    },
  },
});
