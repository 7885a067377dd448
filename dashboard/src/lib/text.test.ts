import { expect, test } from 'vitest';
import { browserName, initials, linkify, safeUrl, shortUrl, TINTS, tintOf } from './text';

test('initials are of the first and the last word, whatever the script', () => {
  expect(initials('Amara Okafor')).toBe('AO');
  expect(initials('Ana Maria de Souza')).toBe('AS');
  expect(initials('ana')).toBe('A');
  expect(initials('🦊 fox')).toBe('🦊F');
  expect(initials('')).toBe('');
});

test('a name has the same tint for ever', () => {
  expect(tintOf('Amara Okafor')).toBe(tintOf('Amara Okafor'));
  expect(['Amara Okafor', 'Lukas Meyer', 'Sofia Rossi'].map(tintOf)).toEqual([1, 3, 1]);
});

test('every tint is used, and no other', () => {
  const tints = new Set(Array.from({ length: 200 }, (_, n) => tintOf(`Visitor ${n}`)));
  expect([...tints].sort()).toEqual(Array.from({ length: TINTS }, (_, n) => n));
});

test('only http and https become links, without the full stop after them', () => {
  expect(linkify('See https://a.example/x?y=1. Not javascript:alert(1)')).toEqual([
    { kind: 'text', text: 'See ' },
    { kind: 'link', text: 'https://a.example/x?y=1' },
    { kind: 'text', text: '. Not javascript:alert(1)' },
  ]);
  expect(linkify('no link')).toEqual([{ kind: 'text', text: 'no link' }]);
});

test('the parts of a text are the text', () => {
  const text = '(https://a.example) and http://b.example/, too';
  expect(
    linkify(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text);
});

test('an address is a link only when it is safe', () => {
  expect(safeUrl('https://a.example/x')).toBe('https://a.example/x');
  expect(safeUrl('javascript:alert(1)')).toBeNull();
  expect(safeUrl('nonsense')).toBeNull();
  expect(safeUrl(null)).toBeNull();
});

test('an address is shortened to what is worth reading', () => {
  expect(shortUrl('https://www.example.com/')).toBe('example.com');
  expect(shortUrl('https://example.com/a/b?c=d')).toBe('example.com/a/b');
});

test('a browser is named with its system', () => {
  const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0';
  expect(browserName(`${chrome} Safari/537.36`)).toBe('Chrome 131 on Windows');
  expect(browserName(`${chrome} Safari/537.36 Edg/131.0`)).toBe('Edge 131 on Windows');
  expect(browserName('curl/8')).toBe('Unknown browser');
});
