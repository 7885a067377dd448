const TINTS = 6;

interface Props {
  name: string;
  size: 'small' | 'large';
}

/** The initials of somebody, in a colour that stays theirs. Says nothing their name does not. */
export function Avatar({ name, size }: Props) {
  return (
    <span class={`avatar ${size} tint-${tintOf(name)}`} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen
    .map((word = '') => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}

function tintOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 29 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % TINTS;
}
