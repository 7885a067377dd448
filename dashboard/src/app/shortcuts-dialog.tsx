import { Dialog } from '../ui/dialog';
import { Kbd } from '../ui/kbd';

const SHORTCUTS: { keys: string[]; does: string }[] = [
  { keys: ['J', 'K'], does: 'Next or previous conversation' },
  { keys: ['↓', '↑'], does: 'Move in the list' },
  { keys: ['Enter'], does: 'Open a conversation; send a reply' },
  { keys: ['Shift', 'Enter'], does: 'New line in a reply' },
  { keys: ['R'], does: 'Write a reply' },
  { keys: ['E'], does: 'Resolve or reopen' },
  { keys: ['Esc'], does: 'Back to the list' },
  { keys: ['?'], does: 'Show this' },
];

/** The keys there are. */
export function ShortcutsDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose}>
      <dl className="grid grid-cols-[1fr_auto] gap-x-6 gap-y-2.5">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={does} className="contents">
            <dt className="text-fg-2">{does}</dt>
            <dd className="flex justify-end gap-1">
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
