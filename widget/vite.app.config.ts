import { defineConfig } from 'vite';

/** The chat itself: one hashed module, which may be cached for ever. Built before the loader. */
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../core/parlour/static/widget',
    emptyOutDir: true,
    target: 'es2022',
    cssMinify: 'lightningcss',
    modulePreload: false,
    rolldownOptions: {
      input: { app: 'src/app.tsx' },
      preserveEntrySignatures: 'strict',
      output: { format: 'es', entryFileNames: '[name]-[hash].js' },
    },
  },
});
