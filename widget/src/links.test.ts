import { expect, test } from 'vitest';
import { splitLinks } from './links';

function hrefs(text: string): string[] {
  return splitLinks(text).flatMap((part) => (typeof part === 'string' ? [] : [part.href]));
}

test('cuts out addresses, and shows them without their protocol', () => {
  expect(splitLinks('See https://a.example/x, please')).toEqual([
    'See ',
    { href: 'https://a.example/x', label: 'a.example/x' },
    ', please',
  ]);
});

test('leaves what belongs to the sentence, and keeps brackets of the address', () => {
  expect(hrefs('(https://a.example/x).')).toEqual(['https://a.example/x']);
  expect(hrefs('https://a.example/x_(y)')).toEqual(['https://a.example/x_(y)']);
});

test.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://a.example', 'https://', 'plain'])(
  'makes no link of %s',
  (text) => {
    expect(splitLinks(text)).toEqual([text]);
  },
);

test('makes nothing of nothing', () => {
  expect(splitLinks('')).toEqual([]);
});
