export interface Link {
  href: string;
  /** The address as it is shown: without its protocol. */
  label: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/gi;
const CLOSING = /[.,;:!?'”’»)\]}]$/;

/** Cut a text into plain parts and web addresses. Joined again, nothing of the text is lost. */
export function splitLinks(text: string): (string | Link)[] {
  const parts: (string | Link)[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimSentence(match[0]);
    if (!URL.canParse(address)) continue;
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ href: address, label: address.replace(/^https?:\/\//i, '') });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** Leave off what belongs to the sentence around an address, such as a full stop. */
function trimSentence(address: string): string {
  let trimmed = address;
  while (CLOSING.test(trimmed) && !closesOwnBracket(trimmed)) trimmed = trimmed.slice(0, -1);
  return trimmed;
}

function closesOwnBracket(address: string): boolean {
  return address.endsWith(')') && address.split('(').length >= address.split(')').length;
}
