const HOST =
  /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::\d{1,5})?$/u;
const LONGEST = 253;

/** What people paste, cut down to what we keep: `https://Example.com/shop` is `example.com`. */
export const tidyDomain = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//u, '')
    .replace(/[/?#].*$/u, '');

/** What is wrong with a domain, in a sentence; null when nothing is. */
export function domainFault(domain: string, others: readonly string[]): string | null {
  if (domain === '') return 'Write a domain, such as example.com.';
  if (others.includes(domain)) return `${domain} is in the list already.`;
  if (domain.length > LONGEST || !HOST.test(domain)) {
    return 'This is not a domain. Use example.com, *.example.com or localhost:5173.';
  }
  const [host = '', port] = domain.split(':');
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    return 'A port is a number from 1 to 65535.';
  }
  if (host.startsWith('*.') && !host.slice(2).includes('.')) {
    return 'A wildcard needs a whole domain after it, such as *.example.com.';
  }
  if (!host.includes('.') && host !== 'localhost') {
    return 'Write the whole domain, such as example.com.';
  }
  return null;
}
