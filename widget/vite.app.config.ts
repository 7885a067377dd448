import { defineConfig, type Plugin } from 'vite';

/**
 * Leave the transports out of Engine.IO that are not used: WebSocket is. Should the package move
 * its files, the app still works, and its size limit tells.
 */
function trimEngine(): Plugin {
  return {
    name: 'trim-engine',
    load: (id) =>
      id.endsWith('/engine.io-client/build/esm/transports/index.js')
        ? `import { WS } from './websocket.js'; export const transports = { websocket: WS };`
        : null,
  };
}

/** The chat itself: one hashed module, which may be cached for ever. Built before the loader. */
export default defineConfig({
  base: './',
  plugins: [trimEngine()],
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
      // What is not used of these may go, whatever else their modules do.
      treeshake: {
        moduleSideEffects: [{ test: /(engine|socket)\.io-(client|parser)/, sideEffects: false }],
      },
      output: { format: 'es', entryFileNames: '[name]-[hash].js' },
    },
  },
});
