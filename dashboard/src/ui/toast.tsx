import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { IconButton } from './button';

interface Shown {
  id: number;
  text: string;
  tone: 'ok' | 'bad';
}

const SHOWN_FOR = 6_000;

let shown: Shown[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function change(next: Shown[]) {
  shown = next;
  for (const listener of listeners) listener();
}

const dismiss = (id: number) => change(shown.filter((toast) => toast.id !== id));

/** Say in a corner what just happened. */
export function toast(text: string, tone: 'ok' | 'bad' = 'ok') {
  const id = ++lastId;
  change([...shown.filter((other) => other.text !== text), { id, text, tone }].slice(-3));
  setTimeout(() => dismiss(id), SHOWN_FOR);
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Where toasts appear. Once per page. */
export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, () => shown);
  return (
    <div
      role="status"
      className="pointer-events-none fixed bottom-4 left-1/2 z-30 flex w-max max-w-[calc(100vw-32px)] -translate-x-1/2 flex-col items-center gap-2 phone:bottom-24"
    >
      {toasts.map(({ id, text, tone }) => (
        <div
          key={id}
          className="pointer-events-auto flex animate-rise items-center gap-2.5 rounded-row bg-raised py-1.5 pr-1.5 pl-3.5 shadow-3"
        >
          {tone === 'ok' ? (
            <CircleCheck size={16} className="shrink-0 text-ok" aria-hidden />
          ) : (
            <CircleAlert size={16} className="shrink-0 text-bad" aria-hidden />
          )}
          <span>{text}</span>
          <IconButton icon={X} label="Dismiss" onPress={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
