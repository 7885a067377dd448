import { MessageCircleMore } from 'lucide-react';

/** The mark of Parlour. */
export function Logo() {
  return (
    <span className="grid size-[34px] shrink-0 place-items-center rounded-[10px] bg-fg text-sheet">
      <MessageCircleMore size={20} strokeWidth={2} aria-hidden />
    </span>
  );
}
