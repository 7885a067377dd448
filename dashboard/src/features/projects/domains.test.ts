import { expect, test } from 'vitest';
import { domainFault, tidyDomain } from './domains';

test.each([
  [' https://Example.com/shop?x=1 ', 'example.com'],
  ['http://localhost:5173/', 'localhost:5173'],
  ['*.Example.com', '*.example.com'],
  ['shop.example.com#top', 'shop.example.com'],
])('%s is kept as %s', (pasted, kept) => {
  expect(tidyDomain(pasted)).toBe(kept);
});

test.each(['example.com', '*.example.com', 'localhost:5173', 'localhost', 'a-b.example.co.uk'])(
  '%s is a domain',
  (domain) => {
    expect(domainFault(domain, [])).toBeNull();
  },
);

test.each([
  '',
  'not a domain',
  'example',
  '*.com',
  'a.*.com',
  'example.com:99999',
  '-a.example.com',
  'exa_mple.com',
])('%j is not', (domain) => {
  expect(domainFault(domain, [])).not.toBeNull();
});

test('the same domain twice is refused', () => {
  expect(domainFault('example.com', ['example.com'])).toMatch(/already/u);
});
