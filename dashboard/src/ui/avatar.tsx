import { Globe } from 'lucide-react';
import { tv } from 'tailwind-variants/lite';
import { initials, tintOf } from '../lib/text';

const TINT_CLASSES = ['tint-0', 'tint-1', 'tint-2', 'tint-3', 'tint-4', 'tint-5'];
const NAMELESS_CLASS = 'tint-6';

const avatarClass = tv({
  base: 'relative grid shrink-0 select-none place-items-center rounded-full font-semibold leading-none tracking-normal',
  variants: {
    size: {
      small: 'size-7 text-[10.5px]',
      medium: 'size-9 text-[12.5px]',
      row: 'size-9 text-[12.5px] phone:size-[46px] phone:text-[15px]',
      large: 'size-[52px] text-[17px]',
    },
  },
});

const dotClass = tv({
  base: 'absolute -right-px -bottom-px rounded-full ring-2',
  variants: {
    size: { small: 'size-2', medium: 'size-2.5', row: 'size-2.5 phone:size-3', large: 'size-3' },
    isOnline: { true: 'bg-present', false: 'bg-absent' },
    on: { canvas: 'ring-canvas', sheet: 'ring-sheet' },
  },
});

interface Props {
  name: string;
  size?: 'small' | 'medium' | 'row' | 'large';
  /** Left out where presence is not known. */
  isOnline?: boolean | undefined;
  /** What the avatar stands on. */
  on?: 'canvas' | 'sheet';
}

const isNameless = (name: string) => /^visitor\b/iu.test(name);

/** A person: initials on a tint that the name decides. The name stands beside it, so it is silent. */
export function Avatar({ name, size = 'medium', isOnline, on = 'canvas' }: Props) {
  const tint = isNameless(name) ? NAMELESS_CLASS : TINT_CLASSES[tintOf(name)];
  return (
    <span aria-hidden="true" className={`${avatarClass({ size })} ${tint}`}>
      {isNameless(name) ? <Globe size={size === 'small' ? 14 : 16} /> : initials(name)}
      {isOnline !== undefined && <span className={dotClass({ size, isOnline, on }) ?? ''} />}
    </span>
  );
}
