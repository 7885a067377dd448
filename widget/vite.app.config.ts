import { defineConfig, type Plugin } from 'vite';

/** What takes the place of modules that are never used: WebSocket is, with text. */
const TRIMMED = {
  '/engine.io-client/build/esm/transports/index.js': `
    import { WS } from './websocket.js';
    export const transports = { websocket: WS };`,
  '/engine.io-parser/build/esm/contrib/base64-arraybuffer.js': `
    export const decode = () => new ArrayBuffer(0);`,
  '/socket.io-parser/build/esm/binary.js': `
    const same = (packet) => packet;
    export { same as deconstructPacket, same as reconstructPacket };`,
  '/socket.io-parser/build/esm/is-binary.js': `
    const never = () => false;
    export { never as isBinary, never as hasBinary };`,
};

/**
 * Leave out of Socket.IO what is not used: other transports, and binary messages. Should a package
 * move its files, the app still works, and its size limit tells.
 */
function trimSocket(): Plugin {
  return {
    name: 'trim-socket',
    load: (id) => Object.entries(TRIMMED).find(([end]) => id.endsWith(end))?.[1] ?? null,
  };
}

/** The chat itself: one hashed module, which may be cached for ever. Built before the loader. */
export default defineConfig({
  base: './',
  plugins: [trimSocket()],
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
