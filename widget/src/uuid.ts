let lastTime = 0;
let counter = 0;

/**
 * Mint a UUIDv7. Each is greater than the one before, even within a millisecond or when the
 * clock is set back. Works on plain HTTP pages too, where `crypto.randomUUID` is missing.
 */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);

  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    counter = view.getUint16(6) & 0x7ff; // half of the range is left to count on
  } else if (++counter > 0xfff) {
    lastTime += 1;
    counter = 0;
  }

  view.setUint16(0, Math.floor(lastTime / 2 ** 32)); // 48 bits of time
  view.setUint32(2, lastTime % 2 ** 32);
  view.setUint16(6, 0x7000 | counter);
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));

  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
